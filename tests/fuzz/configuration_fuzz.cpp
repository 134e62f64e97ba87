#include <boost/describe.hpp>
#include <map>
#include <string>
#include <vector>

#include "service/configuration/builtin_settings.hpp"
#include "service/configuration/configuration_file.hpp"
#include "service/configuration/print_configuration.hpp"
#include "service/configuration/secrets.hpp"
#include "service/configuration/service_arguments.hpp"
#include "tests/fuzz/input_parts.hpp"
#include "tests/fuzz/targets.hpp"

namespace tidings::fuzz {

struct OrderCreated {
  std::string customer;
};
BOOST_DESCRIBE_STRUCT(OrderCreated, (), (customer))

}  // namespace tidings::fuzz

template <>
inline constexpr tidings::EventInfo tidings::event_info<tidings::fuzz::OrderCreated>{.type = "OrderCreated",
                                                                                     .topic = "orders"};

namespace tidings::fuzz {
namespace {

using namespace service;

constexpr auto kFile = "service.toml";
constexpr auto kService = "payment-service";

using Variables = std::map<std::string, std::string>;

// Lines `NAME=value`.
Variables variables_of(InputParts lines) {
  Variables variables;
  while (!lines.done()) {
    InputParts line{lines.until('\n')};
    const std::string name{line.until('=')};
    variables[name] = line.rest();
  }
  return variables;
}

class Declared final : public Contract {
 public:
  Declared() {
    publishes<OrderCreated>();
    on<OrderCreated>([](const OrderCreated&) {}, {.concurrency = 8});
    on<OrderCreated>([](const OrderCreated&) {}, {.group = "audit", .pattern = "order.*"});
  }
  using Contract::registrations_to_configure;
  using Contract::topics_to_configure;
};

std::vector<SettingSpec> specs() {
  std::vector<SettingSpec> all = builtin_settings();
  all.push_back({.name = "bank-url", .environment = "TIDINGS_BANK_URL"});
  all.push_back({.name = "bank-token", .environment = "TIDINGS_BANK_TOKEN", .secrecy = Secrecy::secret});
  return all;
}

std::vector<GivenFlag> flags_of(std::string_view input, std::string_view all, std::vector<std::string>& faults) {
  std::vector<std::string> arguments{kService};
  for (InputParts lines{input}; !lines.done();) arguments.emplace_back(lines.until('\n'));
  std::vector<const char*> raw;
  for (const std::string& argument : arguments) raw.push_back(argument.c_str());
  const CommandLine parsed = parse_command_line(static_cast<int>(raw.size()), raw.data(), specs(), faults);
  for (const std::string& fault : faults) says_why(fault, all);
  return parsed.flags;
}

// What is printed is read as the same settings, where nothing of them was masked.
void check_print(const std::vector<Setting>& settings, const std::vector<TopicSetting>& topics) {
  for (const Setting& setting : settings) {
    if (!operate::is_utf8(setting.value)) return;  // no TOML says it
  }
  const std::string printed = print_configuration(settings, {}, topics);
  std::vector<std::string> faults;
  const auto entries = read_configuration(printed, kFile, faults);
  hold(faults.empty(), "what is printed is TOML");
  hold(entries.size() == settings.size() + topics.size(), "with a line for each setting");
  for (std::size_t i = 0; i < settings.size(); ++i)
    hold(entries[i].value == shown_value(settings[i]), "a setting comes back as it was shown");
}

}  // namespace

// A file, a NUL, lines of the environment, a NUL, and an argument a line.
void configuration(std::string_view input) {
  InputParts parts{input};
  std::vector<std::string> faults;
  const auto file = read_configuration(parts.until('\0'), kFile, faults);
  const Variables variables = variables_of(InputParts{parts.until('\0')});
  const Environment environment = [&](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional{found->second};
  };
  const auto flags = flags_of(parts.rest(), input, faults);
  const auto settings = resolve(specs(), {flags, environment, file}, faults);

  Declared declared;
  apply_overrides(file, kService, declared.registrations_to_configure(), faults);
  const auto topics = topic_settings(file, declared.published(), declared.topics_to_configure());
  apply_topic_overrides(file, declared.published(), declared.topics_to_configure(), faults);
  for (const std::string& fault : faults) says_why(fault, input);
  if (!faults.empty()) return;
  static_cast<void>(builtin_of(settings));
  check_print(settings, topics);
}

}  // namespace tidings::fuzz
