#include "tools/tidings/command_line.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "text/nearest_name.hpp"
#include "text/wrapped_text.hpp"
#include "tools/tidings/commands.hpp"

namespace tidings::cli {

namespace {

std::string footer(const Surroundings& surroundings) {
  std::string text =
      "Transport: --transport, else TIDINGS_TRANSPORT, else `transport` in --config,\n"
      "else local:./.tidings. Linked:\n";
  for (const std::string& transport : surroundings.linked) text += text::paragraph(transport);
  text +=
      "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 transport unavailable.\n"
      "`tidings COMMAND --help` shows a command and an example.\n"
      "\n"
      "Example: tidings --transport local:/var/lib/shop lag --watch";
  return text;
}

void add_globals(CLI::App& app, GlobalOptions& options) {
  app.add_option("--transport", options.transport, "Where the events are")->option_text("URL");
  app.add_option("--config", options.config, "TOML file that names the transport")->option_text("FILE");
  app.add_flag("--json", options.json, "One JSON document, or a line for each item");
}

// "Commands" and COMMAND where CLI11 says subcommands.
void name_commands(CLI::App& app) {
  app.get_formatter()->label("SUBCOMMAND", "COMMAND");
  for (CLI::App* command : app.get_subcommands({})) {
    command->group("Commands");
    name_commands(*command);
  }
}

// CLI11 would take `--watch=0` for no flag at all, and `--dry-run=false` for a run that changes something.
void refuse_values_of_flags(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    if (option->get_expected_max() == 0) option->disable_flag_override();
  }
  for (CLI::App* command : app.get_subcommands({})) refuse_values_of_flags(*command);
}

// The flag that was given a value, of an error that says so; without its dashes.
std::optional<std::string> flag_with_value(const CLI::ParseError& fault) {
  constexpr std::string_view kSays = " was given a disallowed flag override";
  const std::string_view what = fault.what();
  if (!what.ends_with(kSays)) return std::nullopt;
  return std::string{what.substr(0, what.size() - kSays.size())};
}

// The first of the words that nobody took, where a command of `app` should stand.
std::optional<std::string> unknown_command(const CLI::App& app, const std::vector<std::string>& rest) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  const auto word = std::ranges::find_if(rest, [](const std::string& text) { return !text.starts_with("-"); });
  if (names.empty() || word == rest.end()) return std::nullopt;
  return fmt::format("'{}' is no command{}", *word, text::did_you_mean(*word, names));
}

// CLI11 speaks of options in its own way; what is wrong stands in what().
int refuse_arguments(const CLI::App& app, const CLI::ParseError& fault, Session& session) {
  const CLI::App* named = &app;
  while (!named->get_subcommands().empty()) named = named->get_subcommands().front();
  std::string command = named->get_name();
  for (const CLI::App* above = named->get_parent(); above != nullptr; above = above->get_parent()) {
    command = above->get_name() + " " + command;
  }
  std::string wrong = unknown_command(*named, app.remaining(true)).value_or(fault.what());
  if (const auto flag = flag_with_value(fault))
    wrong = fmt::format("--{0} takes no value: write --{0}, or leave it out", *flag);
  return session.usage(invalid(fmt::format("{}; see `{} --help`", wrong, command)));
}

}  // namespace

int run(const std::vector<std::string>& arguments, Surroundings& surroundings) {
  GlobalOptions options;
  Session session{surroundings, options};
  Command command;
  CLI::App app{"Looks at events on their way, and repairs what is stuck.", "tidings"};
  app.footer(footer(surroundings));
  app.fallthrough();
  app.require_subcommand(1);
  add_globals(app, options);
  add_publish(app, command);
  add_tail(app, command);
  add_topics(app, command);
  add_topology(app, command);
  add_dead(app, command);
  add_replay(app, command);
  add_doctor(app, command);
  add_backup(app, command);
  add_bench(app, command);
  add_init(app, command);
  add_dev(app, command);
  add_completion(app, command);
  name_commands(app);
  refuse_values_of_flags(app);
  try {
    app.parse(std::vector<std::string>{arguments.rbegin(), arguments.rend()});
  } catch (const CLI::CallForHelp&) {
    session.print(app.help());
    return kDone;
  } catch (const CLI::ParseError& fault) {
    return refuse_arguments(app, fault, session);
  }
  return command(session);
}

}  // namespace tidings::cli
