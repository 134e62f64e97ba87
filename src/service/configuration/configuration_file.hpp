// A TOML file as a flat list of entries, each with its line.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "service/configuration/settings.hpp"

namespace tidings::service {

inline constexpr std::uintmax_t kConfigurationBytesMax = 1u << 20;

// Of that text, in its order; `file`: its name. What cannot be read adds lines to `faults`: it is too large or no TOML,
// or a value is neither text nor number nor truth. Pure.
std::vector<FileEntry> read_configuration(std::string_view text, const std::string& file,
                                          std::vector<std::string>& faults);

// Likewise of a file, which may be missing. Blocks: on the file.
std::vector<FileEntry> read_configuration_file(const std::filesystem::path& path, std::vector<std::string>& faults);

}  // namespace tidings::service
