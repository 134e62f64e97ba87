// Writes a small service project into a folder of its own: all of it, or nothing.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tidings/result.hpp"

namespace tidings::cli {

inline constexpr std::size_t kProjectNameMax = 64;  // characters

struct NewProject {
  std::string directory;
  std::vector<std::string> files;
};

// A name that CMake, a group and a file can have: lower-case letters, digits, `-` and `_`, a letter first. invalid: it
// is none.
Result<void> check_project_name(std::string_view name);

// The last part of `directory` is the project's name; those above it are made where they are missing. The folder may be
// there, empty. invalid: no name, or there is something already; unavailable: it could not be written.
Result<NewProject> make_project(const std::filesystem::path& directory);

}  // namespace tidings::cli
