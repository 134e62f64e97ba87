// A29: --print-config says what is in effect for each handler, and where it is from.
#include <gmock/gmock.h>

#include <map>

#include "service/configuration/configuration_file.hpp"
#include "service/configuration/print_configuration.hpp"
#include "service/configuration/subscription_overrides.hpp"
#include "service/sample_service.hpp"
#include "tests/support/scratch_directory.hpp"

namespace tidings::service {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;

constexpr auto kService = "payment-service";

FileEntry entry(std::vector<std::string> path, std::string value, std::string where) {
  path.insert(path.begin(), "subscription");
  return {std::move(path), std::move(value), std::move(where)};
}

// What a service of these declarations prints with that file; faults, too.
struct Printed {
  std::map<std::string, std::string> settings;  // `orders OrderPlaced timeout` -> `5m default`
  std::string text;
};

class Configured final : public Contract {
 public:
  Printed print(const std::vector<FileEntry>& file) {
    Printed printed;
    std::vector<std::string> faults;
    apply_overrides(file, kService, registrations_to_configure(), faults);
    EXPECT_THAT(faults, IsEmpty());
    const auto plans = make_plan(*this, {.group = kService, .inbox = inbox});
    if (!plans) throw std::runtime_error{plans.error().message};
    const auto settings = policy_settings(file, kService, registrations(), *plans);
    for (const PolicySetting& setting : settings) {
      const std::string where = setting.subscription + " " + (setting.handler.empty() ? "" : setting.handler + " ");
      printed.settings[where + setting.key] =
          setting.value + " " + to_string(setting.origin) + (setting.note.empty() ? "" : "; " + setting.note);
    }
    printed.text = print_configuration({}, settings, {});
    return printed;
  }

  std::shared_ptr<Inbox> inbox;
};

// Handlers that differ, two groups, batches: what a round trip must keep.
void declare(Contract& contract) {
  contract.on<Placed>([](const Placed&) {}, {.retry = {.attempts_max = 3}, .timeout = 10s});
  contract.on<PlacedV3>([](const PlacedV3&) {}, {.retry = {.give_up_on = {}}, .concurrency = 8});
  contract.on_any([](const AnyEvent&) {}, {.topic = "orders"});
  contract.on<Placed>([](const Placed&) {}, {.group = "audit", .pattern = "order.*"});
  contract.on_batch<Paid>([](std::span<const Received<Paid>> all) { return std::vector<Result<void>>(all.size()); },
                          {.size = 5});
}

TEST(PolicySettings, SayWhereEachIsFrom) {
  Configured contract;
  declare(contract);
  const auto seen = contract
                        .print({entry({"orders", "timeout"}, "1m", "a.toml:2"),
                                entry({"orders", "retry", "attempts_max"}, "9", "a.toml:3"),
                                entry({"orders", "handler", "any", "retry", "attempts_max"}, "2", "a.toml:5"),
                                entry({"payments", "batch", "wait"}, "1s", "a.toml:9")})
                        .settings;
  EXPECT_EQ(seen.at("orders concurrency"), "8 program") << "though the first handler does not say it";
  EXPECT_EQ(seen.at("orders in_flight_max"), "1024 default");
  EXPECT_EQ(seen.at("orders order"), "strict default");
  EXPECT_EQ(seen.at("orders OrderPlaced timeout"), "1m a.toml:2");
  EXPECT_EQ(seen.at("orders OrderPlaced retry.attempts_max"), "9 a.toml:3");
  EXPECT_EQ(seen.at("orders ORDER_PLACED v3 retry.give_up_on"), " program");
  EXPECT_EQ(seen.at("orders any retry.attempts_max"), "2 a.toml:5");
  EXPECT_EQ(seen.at("orders any retry.give_up_on"), "invalid, corrupt, unsupported default");
  EXPECT_EQ(seen.at("audit/order.* concurrency"), "1 default");
  EXPECT_EQ(seen.at("payments PaymentCompleted batch.size"), "5 program");
  EXPECT_EQ(seen.at("payments PaymentCompleted batch.wait"), "1s a.toml:9");
  EXPECT_FALSE(seen.contains("orders any batch.size"));
  EXPECT_FALSE(seen.contains("orders timeout")) << "it is the handlers'";
}

// What is printed is a file that says the same.
TEST(PolicySettings, AreReadBackAsTheyWerePrinted) {
  Configured contract;
  declare(contract);
  const Printed printed = contract.print({entry({"orders", "timeout"}, "1m", "a.toml:2"),
                                          entry({"orders", "handler", "any", "retry", "jitter"}, "0.25", "a.toml:5")});
  const testing::ScratchDirectory scratch;
  std::vector<std::string> faults;
  const auto file = read_configuration_file(scratch.write("printed.toml", printed.text), faults);
  EXPECT_THAT(faults, IsEmpty());
  Configured same;
  declare(same);
  const auto values_of = [](const std::string& text) {
    std::string values;
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) values += line.substr(0, line.find("  # ")) + "\n";
    return values;
  };
  EXPECT_EQ(values_of(same.print(file).text), values_of(printed.text));
  EXPECT_EQ(file.size(), printed.settings.size()) << "each line counts";
}

// A number that is not used is shown with what is in effect.
TEST(PolicySettings, SayWhenTheConcurrencyIsNotUsed) {
  Configured contract;
  contract.on<Placed>([](const Placed&) {}, {.concurrency = 8});
  contract.inbox = std::make_shared<NoInbox>();
  const auto seen = contract.print({}).settings;
  EXPECT_EQ(seen.at("orders concurrency"), "8 program; 1 in effect: an inbox handles one at a time");
  EXPECT_EQ(seen.at("orders in_flight_max"), "4096 default");
}

}  // namespace
}  // namespace tidings::service
