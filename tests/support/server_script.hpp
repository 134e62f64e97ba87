// The servers that scripts/kafka and scripts/rabbitmq start, as tests use them.
//
// Threads: any.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tidings::testing {

// The first line of a file; empty: there is none.
std::string first_line(const std::filesystem::path& file);

// Runs such a script to its end, and returns what it wrote. Throws std::runtime_error with what it said: it failed.
std::string run_script(const std::string& script, std::vector<std::string> arguments);

}  // namespace tidings::testing
