#include "service/shell/subscription_overrides.hpp"

#include <gmock/gmock.h>

#include <boost/describe.hpp>

namespace tidings::service {
namespace {

struct OrderCreated {
  std::string customer;
};
BOOST_DESCRIBE_STRUCT(OrderCreated, (), (customer))

}  // namespace
}  // namespace tidings::service

template <>
inline constexpr tidings::EventInfo tidings::event_info<tidings::service::OrderCreated>{.type = "OrderCreated",
                                                                                        .topic = "orders"};

namespace tidings::service {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr auto kService = "payment-service";

std::vector<Registration> registrations() {
  return {{.type = &event_type<OrderCreated>(), .options = {.concurrency = 8}},
          {.type = &event_type<OrderCreated>(), .options = {.group = "audit", .pattern = "order.*"}}};
}

FileEntry entry(std::vector<std::string> path, std::string value) {
  path.insert(path.begin(), "subscription");
  return {std::move(path), std::move(value), "service.toml:1"};
}

// A29
TEST(SubscriptionOverrides, ChangeEveryPolicy) {
  auto all = registrations();
  std::vector<std::string> faults;
  apply_overrides({entry({"orders", "concurrency"}, "16"), entry({"orders", "order"}, "relaxed"),
                   entry({"orders", "in_flight_max"}, "50"), entry({"orders", "crash_attempts_max"}, "2"),
                   entry({"orders", "unhandled"}, "dead_letter"), entry({"orders", "require_id"}, "dead_letter"),
                   entry({"orders", "timeout"}, "30s"), entry({"orders", "on_timeout"}, "fail"),
                   entry({"orders", "retry", "attempts_max"}, "9"), entry({"orders", "retry", "delay_first"}, "100ms"),
                   entry({"orders", "retry", "factor"}, "3"), entry({"orders", "retry", "delay_max"}, "1h"),
                   entry({"orders", "retry", "jitter"}, "0.5")},
                  kService, all, faults);
  EXPECT_THAT(faults, IsEmpty());
  const On& on = all[0].options;
  EXPECT_EQ(on.concurrency, 16);
  EXPECT_EQ(on.order, RetryOrder::relaxed);
  EXPECT_EQ(on.in_flight_max, 50u);
  EXPECT_EQ(on.crash_attempts_max, 2);
  EXPECT_EQ(on.unhandled, Unwanted::dead_letter);
  EXPECT_EQ(on.require_id, Unwanted::dead_letter);
  EXPECT_EQ(on.timeout, 30s);
  EXPECT_EQ(on.on_timeout, OnTimeout::fail);
  EXPECT_EQ(on.retry.attempts_max, 9);
  EXPECT_EQ(on.retry.delay_first, 100ms);
  EXPECT_EQ(on.retry.factor, 3);
  EXPECT_EQ(on.retry.delay_max, 1h);
  EXPECT_EQ(on.retry.jitter, 0.5);
  EXPECT_EQ(all[1].options.concurrency, std::nullopt);
}

TEST(SubscriptionOverrides, MayNameTheGroup) {
  auto all = registrations();
  std::vector<std::string> faults;
  apply_overrides({entry({"audit/order.*", "concurrency"}, "2"), entry({"payment-service/orders", "concurrency"}, "3")},
                  kService, all, faults);
  EXPECT_THAT(faults, IsEmpty());
  EXPECT_EQ(all[0].options.concurrency, 3);
  EXPECT_EQ(all[1].options.concurrency, 2);
}

TEST(SubscriptionOverrides, ReportEveryFault) {
  auto all = registrations();
  std::vector<std::string> faults;
  apply_overrides({entry({"order", "concurrency"}, "2"), entry({"orders", "concurency"}, "2"),
                   entry({"orders", "concurrency"}, "many"), entry({"orders", "order"}, "loose")},
                  kService, all, faults);
  EXPECT_THAT(faults,
              ElementsAre("service.toml:1: no subscription 'order'; did you mean 'orders'?",
                          "service.toml:1: unknown key 'concurency' of a subscription; did you mean 'concurrency'?",
                          "service.toml:1: concurrency: 'many' is no whole number",
                          "service.toml:1: order: 'loose' is neither 'strict' nor 'relaxed'"));
}

TEST(PolicySettings, SayWhereEachIsFrom) {
  auto all = registrations();
  std::vector<std::string> faults;
  const std::vector<FileEntry> file{entry({"orders", "retry", "attempts_max"}, "9")};
  apply_overrides(file, kService, all, faults);
  std::map<std::string, std::string> seen;
  for (const PolicySetting& setting : policy_settings(file, kService, all))
    seen[setting.subscription + " " + setting.key] = setting.value + " " + to_string(setting.origin);
  EXPECT_EQ(seen.at("orders concurrency"), "8 program");
  EXPECT_EQ(seen.at("orders retry.attempts_max"), "9 service.toml:1");
  EXPECT_EQ(seen.at("orders timeout"), "5m default");
  EXPECT_EQ(seen.at("audit/order.* concurrency"), "1 default");
  EXPECT_FALSE(seen.contains("orders in_flight_max"));
}

}  // namespace
}  // namespace tidings::service
