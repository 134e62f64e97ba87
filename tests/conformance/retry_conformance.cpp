// P5: count and due time of a retry are durable. strict stays with its owner, relaxed comes back when it is due (P4).
#include "tests/conformance/conformance.hpp"

namespace tidings::conformance {
namespace {

using transport::Attempts;
using transport::Retry;
using transport::RetryOrder;

Attempts failed_once(Time now, Duration delay) {
  return {.failed = 1, .due = now + delay, .first_failed = now, .last_error = "the bank is closed"};
}

TEST_P(RetryConformance, P5AStrictRetrySurvivesAHandOver) {
  declare_topic("orders");
  publish_numbers("orders", 0, 1);
  const Attempts attempts = failed_once(now(), std::chrono::hours{1});
  {
    auto reader = join("g", "orders");
    const auto deliveries = reader.next(1, soon());
    ASSERT_EQ(deliveries.size(), 1u);
    ASSERT_TRUE(reader.settle(deliveries[0], Retry{.order = RetryOrder::strict, .attempts = attempts}));
    EXPECT_TRUE(reader.all_within(2 * unit()).empty()) << "it stays with its owner, which runs it again itself";
    EXPECT_EQ(lag("g", "orders")->waiting, 1u);
  }
  auto heir = join("g", "orders", "elsewhere");
  const auto again = heir.next(1, soon());
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].attempts, attempts);
  EXPECT_FALSE(again[0].suspect);
}

TEST_P(RetryConformance, P5AStrictRetryIsSettledAnew) {
  declare_topic("orders");
  publish_numbers("orders", 0, 1);
  auto reader = join("g", "orders");
  const auto deliveries = reader.next(1, soon());
  ASSERT_EQ(deliveries.size(), 1u);
  for (int failed = 1; failed <= 3; ++failed) {
    Attempts attempts = failed_once(now(), unit());
    attempts.failed = failed;
    ASSERT_TRUE(reader.settle(deliveries[0], Retry{.order = RetryOrder::strict, .attempts = attempts}));
  }
  EXPECT_TRUE(reader.settle(deliveries[0], transport::Accept{}));
  EXPECT_EQ(lag("g", "orders")->unsettled, 0u);
}

TEST_P(RetryConformance, P4ARelaxedRetryComesBackNotBeforeItsTime) {
  declare_topic("orders", 1);
  publish_numbers("orders", 0, 3, 1);
  auto reader = join("g", "orders");
  const auto deliveries = reader.next(3, soon());
  ASSERT_EQ(deliveries.size(), 3u);
  const Duration delay = 3 * unit();
  const Attempts attempts = failed_once(now(), delay);
  ASSERT_TRUE(reader.settle(deliveries[0], Retry{.order = RetryOrder::relaxed, .attempts = attempts}));
  EXPECT_TRUE(reader.settle(deliveries[1], transport::Accept{})) << "later ones of the key may pass it";
  const auto again = reader.next(1, deadline(delay + capabilities().retry_late_max));
  ASSERT_EQ(again.size(), 1u);
  EXPECT_GE(now(), *attempts.due);
  EXPECT_LE(now(), *attempts.due + late_max(delay));
  EXPECT_EQ(again[0].record.id, "0");
  EXPECT_EQ(again[0].attempts, attempts);
  const auto old = reader.settle(deliveries[0], transport::Accept{});
  EXPECT_FALSE(old) << "the first delivery of it is over";
  EXPECT_TRUE(reader.accept(again));
}

TEST_P(RetryConformance, P5ARelaxedRetryWaitsWhileNobodyIsThere) {
  declare_topic("orders");
  publish_numbers("orders", 0, 1);
  const Attempts attempts = failed_once(now(), 2 * unit());
  {
    auto reader = join("g", "orders");
    const auto deliveries = reader.next(1, soon());
    ASSERT_EQ(deliveries.size(), 1u);
    ASSERT_TRUE(reader.settle(deliveries[0], Retry{.order = RetryOrder::relaxed, .attempts = attempts}));
  }
  auto heir = join("g", "orders", "elsewhere");
  const auto again = heir.next(1, deadline(2 * unit() + capabilities().retry_late_max));
  ASSERT_EQ(again.size(), 1u);
  EXPECT_GE(now(), *attempts.due);
  EXPECT_EQ(again[0].attempts, attempts);
}

TEST_P(RetryConformance, P5ALongErrorIsKeptUpToItsLimit) {
  declare_topic("orders");
  publish_numbers("orders", 0, 1);
  Attempts attempts = failed_once(now(), std::chrono::hours{1});
  attempts.last_error = std::string(transport::kErrorTextMax, 'e');
  {
    auto reader = join("g", "orders");
    const auto deliveries = reader.next(1, soon());
    ASSERT_EQ(deliveries.size(), 1u);
    ASSERT_TRUE(reader.settle(deliveries[0], Retry{.order = RetryOrder::strict, .attempts = attempts}));
  }
  auto heir = join("g", "orders");
  const auto again = heir.next(1, soon());
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].attempts, attempts);
}

// P9: nothing is handed out beyond in_flight_max, and whoever waits for room does not busy the processor meanwhile.
TEST_P(RetryConformance, P9ARetryThatIsDueWaitsForRoomInFlight) {
  declare_topic("orders", 1);
  publish_numbers("orders", 0, 2, 2);
  auto reader = join({.group = "g", .topic = "orders", .in_flight_max = 1});
  const auto first = reader.next(1, soon());
  ASSERT_EQ(ids_of(first), (std::vector<std::string>{"0"}));
  const transport::Attempts failed{.failed = 1, .due = now() + unit()};
  ASSERT_TRUE(reader.settle(first[0], transport::Retry{.order = transport::RetryOrder::relaxed, .attempts = failed}));
  const auto second = reader.next(1, soon());
  ASSERT_EQ(ids_of(second), (std::vector<std::string>{"1"}));
  EXPECT_TRUE(reader.all_within(3 * unit()).empty());
  ASSERT_TRUE(reader.accept(second));
  EXPECT_EQ(ids_of(reader.next(1, soon())), (std::vector<std::string>{"0"}));
}

}  // namespace
}  // namespace tidings::conformance
