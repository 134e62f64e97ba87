#include "service/configuration/service_arguments.hpp"

#include <gmock/gmock.h>

#include <sstream>

#include "service/configuration/builtin_settings.hpp"

namespace tidings::service {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Parsed {
  CommandLine line;
  std::vector<std::string> faults;
};

Parsed parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "payment-service");
  Parsed parsed;
  parsed.line =
      parse_command_line(static_cast<int>(arguments.size()), arguments.data(), builtin_settings(), parsed.faults);
  return parsed;
}

// A29
TEST(CommandLine, TakesSettingsInBothForms) {
  const Parsed parsed = parse({"--transport", "memory:", "--log-level=debug", "--config", "service.toml"});
  EXPECT_THAT(parsed.faults, IsEmpty());
  ASSERT_EQ(parsed.line.flags.size(), 2u);
  EXPECT_EQ(parsed.line.flags[0].name, "transport");
  EXPECT_EQ(parsed.line.flags[0].value, "memory:");
  EXPECT_EQ(parsed.line.flags[1].value, "debug");
  EXPECT_EQ(parsed.line.configuration_file, "service.toml");
  EXPECT_EQ(parsed.line.action, Action::run);
}

TEST(CommandLine, KnowsWhatToPrint) {
  EXPECT_EQ(parse({"--help"}).line.action, Action::help);
  EXPECT_EQ(parse({"-h"}).line.action, Action::help);
  EXPECT_EQ(parse({"--describe"}).line.action, Action::describe);
  EXPECT_EQ(parse({"--log-level", "warn", "--print-config"}).line.action, Action::print_configuration);
  EXPECT_EQ(parse({"--pipelines"}).line.action, Action::pipelines);
  EXPECT_EQ(parse({"--version"}).line.action, Action::version);
}

// A29: an unknown key is an error with a suggestion; all of them at once, and none twice.
TEST(CommandLine, SuggestsWhatWasMeant) {
  EXPECT_THAT(parse({"--tranport", "memory:", "--log_level=debug", "--colour"}).faults,
              ElementsAre("unknown flag '--tranport'; did you mean '--transport'?",
                          "unknown flag '--log_level'; did you mean '--log-level'?", "unknown flag '--colour'"));
  EXPECT_THAT(parse({"start"}).faults, ElementsAre(HasSubstr("unexpected argument 'start'")));
}

TEST(CommandLine, RefusesAFlagWithoutItsValue) {
  EXPECT_THAT(parse({"--transport"}).faults, ElementsAre(HasSubstr("--transport")));
}

TEST(CommandLine, TakesTheLastOfRepeatedFlags) {
  const Parsed parsed = parse({"--transport", "memory:", "--transport", "local:x"});
  EXPECT_THAT(parsed.faults, IsEmpty());
  ASSERT_EQ(parsed.line.flags.size(), 1u);
  EXPECT_EQ(parsed.line.flags[0].value, "local:x");
}

TEST(HelpText, FitsIn80Columns) {
  const std::string text = help_text(
      "payment-service", "Handles OrderCreated, OrderCancelled, OrderShipped and PaymentDisputed events.",
      builtin_settings(), {"memory:  one process, deterministic, gone with the process: for tests of services"});
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u) << line;
  EXPECT_THAT(text, HasSubstr("Usage: payment-service [--FLAG VALUE]..."));
  EXPECT_THAT(text, HasSubstr("  --transport URL         where events live [local:./.tidings]\n"));
  EXPECT_THAT(text, HasSubstr("--print-config"));
}

}  // namespace
}  // namespace tidings::service
