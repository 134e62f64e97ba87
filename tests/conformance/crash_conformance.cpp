// P5 and P1: what a killed process leaves. On transports of several processes these kill real ones (SIGKILL).
#include <algorithm>

#include "tests/conformance/conformance.hpp"

namespace tidings::conformance {
namespace {

using transport::Delivery;

std::vector<std::string> suspects_of(const std::vector<Delivery>& deliveries) {
  std::vector<std::string> suspects;
  for (const Delivery& delivery : deliveries) {
    if (delivery.suspect) suspects.emplace_back(delivery.record.id);
  }
  return suspects;
}

TEST_P(CrashConformance, P2WhatAKilledProcessHadNotSettledGoesToOthers) {
  declare_topic("orders", 1);
  publish_numbers("orders", 0, 10, 5);
  const auto victim = start({.topic = "orders", .group = "g", .receive = 6, .accept = {0, 2}});
  auto heir = join("g", "orders");
  victim->kill();
  const auto deliveries = heir.next(8, deadline(capabilities().takeover_max));
  EXPECT_EQ(ids_of(deliveries), (std::vector<std::string>{"1", "3", "4", "5", "6", "7", "8", "9"}));
  EXPECT_TRUE(heir.accept(deliveries));
}

TEST_P(CrashConformance, P5OnlyWhatWasRunningBecomesSuspect) {
  declare_topic("orders", 1);
  publish_numbers("orders", 0, 50, 50);
  start({.topic = "orders", .group = "g", .receive = 40, .run = {3, 4}})->kill();
  auto heir = join("g", "orders");
  const auto deliveries = heir.next(50, deadline(capabilities().takeover_max));
  ASSERT_EQ(deliveries.size(), 50u);
  const auto suspects = suspects_of(deliveries);
  if (capabilities().running_board) {
    EXPECT_EQ(suspects, (std::vector<std::string>{"3", "4"}));
  } else {
    EXPECT_LE(suspects.size(), capabilities().suspect_window);
    EXPECT_THAT(suspects, ::testing::IsSupersetOf({"3", "4"}));
  }
  for (const Delivery& delivery : deliveries) EXPECT_EQ(delivery.attempts, transport::Attempts{}) << "charges nothing";
}

TEST_P(CrashConformance, P5AMarkThatSurvivesACrashCharges) {
  declare_topic("orders", 1);
  publish_numbers("orders", 0, 3, 3);
  for (int crash = 1; crash <= 3; ++crash) {
    start({.topic = "orders", .group = "g", .receive = 3, .mark = {1}, .run = {1}})->kill();
    auto heir = join("g", "orders");
    const auto deliveries = heir.next(3, deadline(capabilities().takeover_max));
    ASSERT_EQ(deliveries.size(), 3u);
    EXPECT_EQ(deliveries[1].attempts.crashes, crash);
    EXPECT_TRUE(deliveries[1].suspect);
    EXPECT_EQ(deliveries[0].attempts.crashes, 0);
    EXPECT_EQ(deliveries[2].attempts.crashes, 0);
  }
}

TEST_P(CrashConformance, P5AMarkThatWasSettledChargesNothing) {
  declare_topic("orders", 1);
  publish_numbers("orders", 0, 2, 2);
  {
    auto reader = join("g", "orders");
    const auto deliveries = reader.next(2, soon());
    ASSERT_EQ(deliveries.size(), 2u);
    for (const Delivery& delivery : deliveries) EXPECT_TRUE(reader.settle(delivery, transport::Mark{1}));
    EXPECT_TRUE(reader.settle(deliveries[0], transport::Accept{}));
    EXPECT_TRUE(reader.settle(deliveries[1], transport::Release{}));
  }
  auto heir = join("g", "orders");
  const auto deliveries = heir.next(1, soon());
  ASSERT_EQ(deliveries.size(), 1u);
  EXPECT_EQ(deliveries[0].attempts.crashes, 0);
}

TEST_P(CrashConformance, P5AWaitingRetrySurvivesAKill) {
  declare_topic("orders", 1);
  publish_numbers("orders", 0, 2, 2);
  const Time before = now();
  start({.topic = "orders", .group = "g", .receive = 2, .retry = {0}})->kill();
  auto heir = join("g", "orders");
  const auto deliveries = heir.next(2, deadline(capabilities().takeover_max));
  ASSERT_EQ(deliveries.size(), 2u);
  EXPECT_EQ(deliveries[0].attempts.failed, 1);
  EXPECT_EQ(deliveries[0].attempts.crashes, 0);
  ASSERT_TRUE(deliveries[0].attempts.due);
  EXPECT_GE(*deliveries[0].attempts.due, before + kRetryDelayOfVictims);
  EXPECT_EQ(deliveries[1].attempts.failed, 0);
}

TEST_P(CrashConformance, P5ACleanEndMakesNothingSuspect) {
  declare_topic("orders", 1);
  publish_numbers("orders", 0, 3, 3);
  {
    auto reader = join("g", "orders");
    const auto deliveries = reader.next(3, soon());
    ASSERT_EQ(deliveries.size(), 3u);
    if (!reader.consumer().running().empty()) reader.consumer().running()[0] = deliveries[0].token;
  }
  auto heir = join("g", "orders");
  const auto deliveries = heir.next(3, soon());
  ASSERT_EQ(deliveries.size(), 3u);
  EXPECT_TRUE(suspects_of(deliveries).empty());
}

TEST_P(CrashConformance, P5SuspicionEndsWithAReturnedRun) {
  if (!capabilities().running_board) GTEST_SKIP() << "suspects are a window here";
  declare_topic("orders", 1);
  publish_numbers("orders", 0, 1, 1);
  start({.topic = "orders", .group = "g", .receive = 1, .run = {0}})->kill();
  {
    auto reader = join("g", "orders");
    const auto deliveries = reader.next(1, deadline(capabilities().takeover_max));
    ASSERT_EQ(suspects_of(deliveries).size(), 1u);
    ASSERT_TRUE(reader.settle(deliveries[0], transport::Mark{1}));
    const transport::Attempts failed{.failed = 1, .due = now() + std::chrono::hours{1}};
    ASSERT_TRUE(
        reader.settle(deliveries[0], transport::Retry{.order = transport::RetryOrder::strict, .attempts = failed}));
  }
  auto heir = join("g", "orders");
  const auto deliveries = heir.next(1, soon());
  ASSERT_EQ(deliveries.size(), 1u);
  EXPECT_FALSE(deliveries[0].suspect);
  EXPECT_EQ(deliveries[0].attempts.crashes, 0);
}

TEST_P(CrashConformance, P10AnIdleGroupGoesOnAfterItsOwnerWasKilled) {
  declare_topic("orders", 4);
  const auto victim = start({.topic = "orders", .group = "g"});
  auto heir = join("g", "orders");
  heir.all_within(unit());
  victim->kill();
  publish_numbers("orders", 0, 40, 40);
  EXPECT_EQ(heir.next(40, deadline(capabilities().takeover_max + fixture().hand_over_max())).size(), 40u);
}

}  // namespace
}  // namespace tidings::conformance
