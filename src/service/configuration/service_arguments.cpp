#include "service/configuration/service_arguments.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>

#include "text/nearest_name.hpp"

namespace tidings::service {
namespace {

struct ActionFlag {
  std::string_view name;
  Action action;
};
// The first one that is given is done.
constexpr std::array<ActionFlag, 5> kActions{{{"help", Action::help},
                                              {"version", Action::version},
                                              {"print-config", Action::print_configuration},
                                              {"describe", Action::describe},
                                              {"pipelines", Action::pipelines}}};

std::vector<std::string> known_flags(const std::vector<SettingSpec>& specs) {
  std::vector<std::string> names{"--config"};
  for (const ActionFlag& flag : kActions) names.push_back("--" + std::string{flag.name});
  for (const SettingSpec& spec : specs) names.push_back("--" + spec.name);
  return names;
}

// What CLI11 could not place. After an unknown flag its value follows, which is not reported a second time.
void report_extras(const std::vector<std::string>& extras, const std::vector<SettingSpec>& specs,
                   std::vector<std::string>& faults) {
  bool after_flag = false;
  for (const std::string& extra : extras) {
    const bool flag = extra.starts_with("-") && extra.size() > 1;
    if (flag) {
      const std::string name = extra.substr(0, extra.find('='));
      faults.push_back(fmt::format("unknown flag '{}'{}", name, text::did_you_mean(name, known_flags(specs))));
    } else if (!after_flag) {
      faults.push_back(fmt::format("unexpected argument '{}'; settings are given as flags, see --help", extra));
    }
    after_flag = flag && extra.find('=') == std::string::npos;
  }
}

}  // namespace

CommandLine parse_command_line(int argc, const char* const* argv, const std::vector<SettingSpec>& specs,
                               std::vector<std::string>& faults) {
  CommandLine parsed;
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  std::vector<std::string> values(specs.size());
  std::array<bool, kActions.size()> actions{};
  std::vector<CLI::Option*> options;
  const auto last = CLI::MultiOptionPolicy::TakeLast;
  for (std::size_t i = 0; i < specs.size(); ++i)
    options.push_back(app.add_option("--" + specs[i].name, values[i])->multi_option_policy(last));
  app.add_option("--config", parsed.configuration_file)->multi_option_policy(last);
  for (std::size_t i = 0; i < kActions.size(); ++i) {
    std::string names = "--" + std::string{kActions[i].name};
    if (kActions[i].action == Action::help) names += ",-h";
    app.add_flag(names, actions[i]);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Error& error) {
    faults.push_back(error.what());
    return parsed;
  }
  for (std::size_t i = 0; i < specs.size(); ++i) {
    if (options[i]->count() > 0) parsed.flags.push_back({specs[i].name, values[i]});
  }
  const auto chosen = std::ranges::find(actions, true);
  if (chosen != actions.end()) parsed.action = kActions[static_cast<std::size_t>(chosen - actions.begin())].action;
  report_extras(app.remaining(), specs, faults);
  return parsed;
}

}  // namespace tidings::service
