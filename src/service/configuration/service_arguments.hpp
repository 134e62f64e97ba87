// The arguments of a service: settings as flags, and what to print instead of running.
//
// Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "service/configuration/settings.hpp"

namespace tidings::service {

enum class Action { run, help, version, print_configuration, describe, pipelines };

struct CommandLine {
  Action action = Action::run;
  std::string configuration_file;  // empty: none was named
  std::vector<GivenFlag> flags;
};

// Adds a line to `faults` for each unknown flag (with a suggestion), missing value and superfluous argument.
CommandLine parse_command_line(int argc, const char* const* argv, const std::vector<SettingSpec>& specs,
                               std::vector<std::string>& faults);

// What --help prints: at most 80 columns.
std::string help_text(const std::string& service, const std::string& summary, const std::vector<SettingSpec>& specs,
                      const std::vector<std::string>& transports);

}  // namespace tidings::service
