// A TOML file as a flat list of entries, each with its line.
//
// Blocks: on the file.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "service/shell/settings.hpp"

namespace tidings::service {

inline constexpr std::uintmax_t kConfigurationBytesMax = 1u << 20;

// In the order of the file. What cannot be read adds lines to `faults`: the file is missing, too large or no TOML, or a
// value is neither text nor number nor truth.
std::vector<FileEntry> read_configuration_file(const std::filesystem::path& path, std::vector<std::string>& faults);

}  // namespace tidings::service
