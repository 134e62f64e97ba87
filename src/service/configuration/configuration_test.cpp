#include <gmock/gmock.h>

#include "service/configuration/builtin_settings.hpp"
#include "service/configuration/configuration_file.hpp"
#include "service/configuration/print_configuration.hpp"
#include "service/configuration/secrets.hpp"
#include "tests/support/scratch_directory.hpp"

namespace tidings::service {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Variables = std::map<std::string, std::string>;

Environment environment(Variables variables = {}) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional{found->second};
  };
}

struct Resolved {
  std::vector<Setting> settings;
  std::vector<std::string> faults;

  const Setting& at(std::string_view name) const {
    for (const Setting& setting : settings) {
      if (setting.spec.name == name) return setting;
    }
    throw std::out_of_range{std::string{name}};
  }
};

Resolved resolved(const Sources& sources, const std::vector<SettingSpec>& specs = builtin_settings()) {
  Resolved result;
  result.settings = resolve(specs, sources, result.faults);
  return result;
}

struct Read {
  std::vector<FileEntry> entries;
  std::vector<std::string> faults;
};

Read read(std::string_view toml) {
  const testing::ScratchDirectory scratch;
  const auto file = scratch.write("service.toml", toml);
  Read result;
  result.entries = read_configuration_file(file, result.faults);
  const auto shorten = [&](std::string& text) {
    const std::string prefix = scratch.path().string() + "/";
    if (text.starts_with(prefix)) text.erase(0, prefix.size());
  };
  for (FileEntry& entry : result.entries) shorten(entry.where);
  for (std::string& fault : result.faults) shorten(fault);
  return result;
}

// A29: flag before environment before file before default, and each says where it is from.
TEST(Configuration, PrefersFlagThenEnvironmentThenFileThenDefault) {
  const FileEntry file{{"log_level"}, "error", "service.toml:3"};
  const Variables variables{{"TIDINGS_LOG_LEVEL", "warn"}};
  const std::vector<GivenFlag> flags{{"log-level", "debug"}};
  struct Case {
    Sources sources;
    std::string value, origin;
  };
  const std::vector<Case> cases{
      {{flags, environment(variables), {file}}, "debug", "flag --log-level"},
      {{{}, environment(variables), {file}}, "warn", "environment TIDINGS_LOG_LEVEL"},
      {{{}, environment(), {file}}, "error", "service.toml:3"},
      {{{}, environment(), {}}, "info", "default"},
  };
  for (const Case& each : cases) {
    const Resolved result = resolved(each.sources);
    EXPECT_THAT(result.faults, IsEmpty());
    EXPECT_EQ(result.at("log-level").value, each.value);
    EXPECT_EQ(to_string(result.at("log-level").origin), each.origin);
  }
}

// A29: all faults at once, each with its place.
TEST(Configuration, ReportsEveryFaultWithItsPlace) {
  const Resolved result = resolved({{{"log-level", "loud"}},
                                    environment({{"TIDINGS_DRAIN_DEADLINE", "20"}}),
                                    {{{"tranport"}, "memory:", "service.toml:1"},
                                     {{"admin"}, "localhost", "service.toml:2"},
                                     {{"log_format", "x"}, "1", "service.toml:3"},
                                     {{"subscription"}, "1", "service.toml:4"}}});
  EXPECT_THAT(
      result.faults,
      ElementsAre("log-level (flag --log-level): 'loud' is no level; choose debug, info, warn, error or off",
                  HasSubstr("admin (service.toml:2): 'localhost' is no address"),
                  HasSubstr("drain-deadline (environment TIDINGS_DRAIN_DEADLINE): '20' is no duration: it has no "
                            "unit"),
                  "service.toml:1: unknown key 'tranport'; did you mean 'transport'?",
                  "service.toml:3: 'log_format' is a value, no table",
                  "service.toml:4: 'subscription' is a table: write [subscription.\"TOPIC\"]"));
}

// Also the program's own: `path` must not read what the system has in PATH.
TEST(Configuration, ReadsOnlyVariablesWithThePrefix) {
  EXPECT_EQ(environment_of("path"), "TIDINGS_PATH");
  EXPECT_EQ(environment_of("drain-deadline"), "TIDINGS_DRAIN_DEADLINE");
  EXPECT_EQ(environment_of("Bank.url2"), "TIDINGS_BANK_URL2");
  for (const SettingSpec& spec : builtin_settings()) EXPECT_EQ(spec.environment, environment_of(spec.name));
}

TEST(ConfigurationFile, IsReadInItsOrderWithLines) {
  const Read result =
      read("transport = \"memory:\"\n\n[subscription.\"orders\"]\nretry.attempts_max = 7\norder = 'relaxed'\n");
  EXPECT_THAT(result.faults, IsEmpty());
  ASSERT_EQ(result.entries.size(), 3u);
  EXPECT_THAT(result.entries[0].path, ElementsAre("transport"));
  EXPECT_EQ(result.entries[0].where, "service.toml:1");
  EXPECT_THAT(result.entries[1].path, ElementsAre("subscription", "orders", "retry", "attempts_max"));
  EXPECT_EQ(result.entries[1].value, "7");
  EXPECT_EQ(result.entries[1].where, "service.toml:4");
  EXPECT_EQ(result.entries[2].value, "relaxed");
}

TEST(ConfigurationFile, NamesTheLineThatIsNoToml) {
  EXPECT_THAT(read("transport = \"memory:\"\nadmin = \n").faults, ElementsAre(HasSubstr("service.toml:2: no TOML: ")));
  EXPECT_THAT(read("admin = [1, 2]\n").faults, ElementsAre(HasSubstr("service.toml:1: 'admin' is neither text")));
}

TEST(ConfigurationFile, SaysWhenItIsMissingOrTooLarge) {
  std::vector<std::string> faults;
  EXPECT_THAT(read_configuration_file("/no/such/file.toml", faults), IsEmpty());
  EXPECT_THAT(faults, ElementsAre(HasSubstr("/no/such/file.toml: cannot be read (No such file or directory)")));
  EXPECT_THAT(read(std::string(kConfigurationBytesMax + 1, '#')).faults, ElementsAre(HasSubstr("has at most 1048576")));
}

TEST(Configuration, IsPrintedAsTomlWithOrigins) {
  std::vector<SettingSpec> specs = builtin_settings();
  specs.push_back({.name = "bank-token", .environment = "BANK_TOKEN"});
  const Resolved result = resolved({{{"transport", "amqp://shop:p%40ss@mq/?password=x&heartbeat=5"}},
                                    environment({{"BANK_TOKEN", "s3cret"}}),
                                    {{{"drain_deadline"}, "5s", "service.toml:2"}}},
                                   specs);
  const std::vector<PolicySetting> policies{
      {"orders", "", "concurrency", "8", {Origin::Kind::program, ""}, "1 in effect"},
      {"orders", "OrderPlaced", "timeout", "5m", {}, ""},
      {"orders", "OrderPlaced", "retry.factor", "1.5", {Origin::Kind::file, "service.toml:9"}, ""},
      {"orders", "any", "timeout", "1m", {}, ""}};
  const std::vector<TopicSetting> topics{{"orders", "retention_age", "7d", {Origin::Kind::program, ""}},
                                         {"orders", "retention_size", "default", {}}};
  EXPECT_EQ(print_configuration(result.settings, policies, topics),
            R"(transport = "amqp://shop:***@mq/?password=***&heartbeat=5"  # flag --transport
instance = ""                                 # default
log_level = "info"                            # default
log_format = "auto"                           # default
admin = "off"                                 # default
admin_port_file = ""                          # default
drain_deadline = "5s"                         # service.toml:2
bank_token = "***"                            # environment BANK_TOKEN

[subscription."orders"]
concurrency = 8                               # program; 1 in effect

[subscription."orders".handler."OrderPlaced"]
timeout = "5m"                                # default
retry.factor = 1.5                            # service.toml:9

[subscription."orders".handler."any"]
timeout = "1m"                                # default

[topic."orders"]
retention_age = "7d"                          # program
retention_size = "default"                    # default
)");
}

// What reads like a number and would come back as another text is quoted.
TEST(Configuration, IsReadBackAsItWasPrinted) {
  const std::vector<SettingSpec> specs{{.name = "text"}};
  for (const std::string value : {"", "8", "-3", "0.25", "007", "1.10", "+1", "1e5", "1_000", "0x10", "true",
                                  "a\"b\\\n", "99999999999999999999", "2026-01-01"}) {
    const Resolved first = resolved({{{"text", value}}, environment(), {}}, specs);
    const Read back = read(print_configuration(first.settings, {}, {}));
    EXPECT_THAT(back.faults, IsEmpty()) << value;
    ASSERT_EQ(back.entries.size(), 1u) << value;
    EXPECT_EQ(back.entries[0].value, value);
  }
}

TEST(Secrets, AreMaskedInUrls) {
  EXPECT_EQ(mask_url("local:./.tidings?sync=commit"), "local:./.tidings?sync=commit");
  EXPECT_EQ(mask_url("kafka://a:9092,b:9092/"), "kafka://a:9092,b:9092/");
  EXPECT_EQ(mask_url("amqp://user:pa:ss@w@host/v?x=1"), "amqp://user:***@host/v?x=1");
  EXPECT_EQ(mask_url("kafka://h/?sasl.password=p&acks=all"), "kafka://h/?sasl.password=***&acks=all");
  EXPECT_EQ(mask_url("kafka://h?token_command=print%20-k%20p&pass%77ord=p"),
            "kafka://h?token_command=***&pass%77ord=***");
}

TEST(Secrets, AreNotThePlacesWhereTheyLie) {
  const std::string url = "kafka://h?sasl=plain&user=u&password_file=/run/p&tls_key_password_env=P&token_file=/run/t";
  EXPECT_EQ(mask_url(url), url);
}

TEST(AdminAddress, IsHostAndPortOrOff) {
  EXPECT_EQ(*admin_address_of("off"), std::nullopt);
  EXPECT_EQ((*admin_address_of("127.0.0.1:0"))->port, 0);
  EXPECT_EQ((*admin_address_of("[::1]:9464"))->host, "::1");
  for (const std::string_view bad : {"", "9464", ":9464", "host:", "host:70000", "host:-1", "::1:9464", "h:1x"})
    EXPECT_FALSE(admin_address_of(bad)) << bad;
}

}  // namespace
}  // namespace tidings::service
