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

// Runs such a script to its end. Throws std::runtime_error with what it said: it failed.
void run_script(const std::string& script, std::vector<std::string> arguments);

}  // namespace tidings::testing
