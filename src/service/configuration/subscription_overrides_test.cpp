#include "service/configuration/subscription_overrides.hpp"

#include <gmock/gmock.h>

#include <boost/describe.hpp>

namespace tidings::service {
namespace {

struct OrderCreated {
  std::string customer;
};
BOOST_DESCRIBE_STRUCT(OrderCreated, (), (customer))

struct OrderPaid {
  std::string customer;
};
BOOST_DESCRIBE_STRUCT(OrderPaid, (), (customer))

}  // namespace
}  // namespace tidings::service

template <>
inline constexpr tidings::EventInfo tidings::event_info<tidings::service::OrderCreated>{.type = "OrderCreated",
                                                                                        .topic = "orders"};
template <>
inline constexpr tidings::EventInfo tidings::event_info<tidings::service::OrderPaid>{
    .type = "OrderPaid", .topic = "orders", .version = 2};

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
  apply_overrides(
      {entry({"orders", "concurrency"}, "16"), entry({"orders", "order"}, "relaxed"),
       entry({"orders", "in_flight_max"}, "50"), entry({"orders", "crash_attempts_max"}, "2"),
       entry({"orders", "unhandled"}, "dead_letter"), entry({"orders", "require_id"}, "dead_letter"),
       entry({"orders", "timeout"}, "30s"), entry({"orders", "on_timeout"}, "fail"),
       entry({"orders", "retry", "attempts_max"}, "9"), entry({"orders", "retry", "delay_first"}, "100ms"),
       entry({"orders", "retry", "factor"}, "3"), entry({"orders", "retry", "delay_max"}, "1h"),
       entry({"orders", "retry", "jitter"}, "0.5"), entry({"orders", "retry", "give_up_on"}, "conflict, invalid")},
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
  EXPECT_THAT(on.retry.give_up_on, ElementsAre(ErrorKind::conflict, ErrorKind::invalid));
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

std::vector<Registration> with_batches() {
  const auto none = [](std::span<const Envelope* const>, std::span<const void* const>) {
    return std::vector<Result<void>>{};
  };
  return {{.type = &event_type<OrderCreated>()},
          {.type = &event_type<OrderPaid>(), .run_batch = none},
          {.options = {.topic = "orders"}}};
}

// A29: one handler by itself; and it goes before what is said of all, wherever that stands in the file.
TEST(SubscriptionOverrides, AreOfOneHandlerWhereTheFileNamesIt) {
  auto all = with_batches();
  std::vector<std::string> faults;
  apply_overrides({entry({"orders", "handler", "OrderCreated", "retry", "attempts_max"}, "3"),
                   entry({"orders", "handler", "OrderCreated", "timeout"}, "10s"),
                   entry({"orders", "handler", "any", "retry", "give_up_on"}, ""),
                   entry({"orders", "handler", "OrderPaid v2", "batch", "size"}, "7"),
                   entry({"orders", "retry", "attempts_max"}, "9"), entry({"orders", "timeout"}, "1m"),
                   entry({"orders", "batch", "wait"}, "2s")},
                  kService, all, faults);
  EXPECT_THAT(faults, IsEmpty());
  EXPECT_EQ(all[0].options.retry.attempts_max, 3);
  EXPECT_EQ(all[0].options.timeout, 10s);
  EXPECT_EQ(all[1].options.retry.attempts_max, 9);
  EXPECT_EQ(all[1].options.timeout, 1min);
  EXPECT_EQ(all[1].batch.size, 7u);
  EXPECT_EQ(all[1].batch.wait, 2s);
  EXPECT_EQ(all[2].options.retry.attempts_max, 9);
  EXPECT_THAT(all[2].options.retry.give_up_on, IsEmpty());
  EXPECT_EQ(all[0].batch.wait, BatchLimits{}.wait);
}

TEST(SubscriptionOverrides, CountMoreWhenTheyNameTheGroup) {
  auto all = registrations();
  std::vector<std::string> faults;
  apply_overrides({entry({"payment-service/orders", "concurrency"}, "3"), entry({"orders", "concurrency"}, "5")},
                  kService, all, faults);
  EXPECT_THAT(faults, IsEmpty());
  EXPECT_EQ(all[0].options.concurrency, 3);
}

TEST(SubscriptionOverrides, ReportWhatIsWrongAboutHandlers) {
  auto all = with_batches();
  std::vector<std::string> faults;
  apply_overrides(
      {entry({"orders", "handler", "OrderCreatd", "timeout"}, "1s"),
       entry({"orders", "handler", "any", "concurrency"}, "2"),
       entry({"orders", "handler", "any", "batch", "size"}, "2"), entry({"orders", "handler", "any", "timout"}, "2"),
       entry({"orders", "handler"}, "2"), entry({"orders", "handler", "any"}, "2"),
       entry({"orders", "handler", "any", "retry", "give_up_on"}, "invalid, bad")},
      kService, all, faults);
  EXPECT_THAT(
      faults,
      ElementsAre(
          "service.toml:1: subscription 'orders' has no handler 'OrderCreatd'; there are: OrderCreated, OrderPaid "
          "v2, any; did you mean 'OrderCreated'?",
          "service.toml:1: concurrency belongs to all handlers of a subscription: write it under "
          "[subscription.\"orders\"]",
          "service.toml:1: batch.size: 'any' takes no batches",
          "service.toml:1: unknown key 'timout' of a handler; did you mean 'timeout'?",
          "service.toml:1: 'handler' is a table: write [subscription.\"orders\".handler.\"TYPE\"]",
          "service.toml:1: 'any' is a table: write [subscription.\"orders\".handler.\"any\"]",
          "service.toml:1: retry.give_up_on: 'bad' is no kind of error; choose from invalid, unavailable, "
          "overloaded, conflict, corrupt, unsupported, with commas between"));
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

}  // namespace
}  // namespace tidings::service
