// What workers with an inbox left in their database.
//
// Threads: any. Blocks: on the disk.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tidings/executor.hpp"

namespace tidings::conformance {

// Event ids of the effects, sorted. Throws when there is no database.
std::vector<std::string> effects_in(const std::filesystem::path& directory, const std::shared_ptr<Executor>& executor);

}  // namespace tidings::conformance
