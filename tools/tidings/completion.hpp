// What a shell completes after `tidings`, as a script for it. Made from the commands themselves, so it has each of
// them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tidings::cli {

struct Completed {
  std::string name;
  std::string help;  // one line
};

struct CompletedCommand {
  std::string path;                 // "/dead/list"; empty: before any command
  std::vector<Completed> commands;  // that may come next
  std::vector<Completed> options;   // with their dashes
};

struct Completions {
  std::vector<CompletedCommand> commands;  // each one, the program itself first
  std::vector<std::string> value_options;  // those whose next word is their value
};

enum class Shell { bash, zsh, fish };

std::optional<Shell> shell_named(std::string_view name);

// Names and paths must be plain words, as those of commands are; help may hold anything but line ends.
std::string completion_script(const Completions& completions, Shell shell);

}  // namespace tidings::cli
