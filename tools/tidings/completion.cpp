#include "tools/tidings/completion.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tidings::cli {

namespace {

// Each of them finds the command that the words so far have chosen: `at`, as in CompletedCommand::path. An option's
// value is no command, whatever it is. {0}: options with a value, {1}: paths, {2}: what comes next, by `at`.
constexpr std::string_view kBash = R"(# bash completion of tidings, by `tidings completion bash`
_tidings() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} at='' i next=''
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${{COMP_WORDS[i]}} in
      {0})
        [[ ${{COMP_WORDS[i + 1]-}} != '=' ]] || ((i++))
        ((i++))
        while [[ ${{COMP_WORDS[i + 1]-}} == ':' ]]; do ((i += 2)); done
        ;;
      *)
        case $at/${{COMP_WORDS[i]}} in
          {1}) at=$at/${{COMP_WORDS[i]}} ;;
        esac
        ;;
    esac
  done
  ((i == COMP_CWORD)) || return 0  # the value of an option
  case $at in
{2}  esac
  COMPREPLY=($(compgen -W "$next" -- "$word"))
}}
complete -o default -F _tidings tidings
)";

constexpr std::string_view kZsh = R"(#compdef tidings
# zsh completion of tidings, by `tidings completion zsh`
_tidings() {{
  local at='' i
  local -a commands options
  for ((i = 2; i < CURRENT; i++)); do
    case $words[i] in
      {0}) ((i++)) ;;
      *)
        case $at/$words[i] in
          {1}) at=$at/$words[i] ;;
        esac
        ;;
    esac
  done
  if ((i > CURRENT)); then  # the value of an option
    _files
    return
  fi
  case $at in
{2}  esac
  if [[ $words[CURRENT] == -* ]]; then
    _describe -o option options
  elif (($#commands)); then
    _describe command commands
  else
    _files
  fi
}}
if [[ $funcstack[1] == _tidings ]]; then
  _tidings "$@"
else
  compdef _tidings tidings
fi
)";

constexpr std::string_view kFish = R"(# fish completion of tidings, by `tidings completion fish`
function __tidings_at
    set -l at ''
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
            continue
        end
        switch $word
            case {0}
                set skip 1
            case '*'
                switch $at/$word
                    case {1}
                        set at $at/$word
                end
        end
    end
    test "$at" = "$argv[1]"
end
{2})";

// In single quotes, for all three: what would end them is left out.
std::string quoted(std::string_view text) {
  std::string plain;
  for (const char letter : text) {
    if (letter != '\'' && letter != '\\') plain += letter;
  }
  return fmt::format("'{}'", plain);
}

std::string next_in_bash(const CompletedCommand& command) {
  std::vector<std::string_view> words;
  for (const auto* list : {&command.commands, &command.options}) {
    for (const Completed& one : *list) words.emplace_back(one.name);
  }
  return fmt::format("    {}) next='{}' ;;\n", quoted(command.path), fmt::join(words, " "));
}

// `'name:help' ...`: a colon of the help is its own.
std::string described_in_zsh(const std::vector<Completed>& list) {
  std::vector<std::string> words;
  words.reserve(list.size());
  for (const Completed& one : list) words.push_back(quoted(one.name + ":" + one.help));
  return fmt::format("{}", fmt::join(words, " "));
}

std::string next_in_zsh(const CompletedCommand& command) {
  return fmt::format("    {})\n      commands=({})\n      options=({})\n      ;;\n", quoted(command.path),
                     described_in_zsh(command.commands), described_in_zsh(command.options));
}

std::string next_in_fish(const CompletedCommand& command) {
  const std::string when = fmt::format("complete -c tidings -n \"__tidings_at {}\"", quoted(command.path));
  std::string lines;
  for (const Completed& one : command.commands) {
    lines += fmt::format("{} -f -a {} -d {}\n", when, one.name, quoted(one.help));
  }
  for (const Completed& one : command.options) {
    lines += fmt::format("{} -l {} -d {}\n", when, one.name.substr(2), quoted(one.help));
  }
  return lines;
}

}  // namespace

std::optional<Shell> shell_named(std::string_view name) {
  if (name == "bash") return Shell::bash;
  if (name == "zsh") return Shell::zsh;
  if (name == "fish") return Shell::fish;
  return std::nullopt;
}

std::string completion_script(const Completions& completions, Shell shell) {
  std::vector<std::string_view> paths;
  std::string next;
  for (const CompletedCommand& command : completions.commands) {
    if (!command.path.empty()) paths.emplace_back(command.path);
    next += shell == Shell::bash  ? next_in_bash(command)
            : shell == Shell::zsh ? next_in_zsh(command)
                                  : next_in_fish(command);
  }
  const std::string_view script = shell == Shell::bash ? kBash : shell == Shell::zsh ? kZsh : kFish;
  const std::string_view divider = shell == Shell::fish ? " " : " | ";
  return fmt::format(fmt::runtime(script), fmt::join(completions.value_options, divider), fmt::join(paths, divider),
                     next);
}

}  // namespace tidings::cli
