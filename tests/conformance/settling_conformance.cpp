// P2: what was settled is settled for good; what was not comes again. With Accept, what the handler published.
#include <map>

#include "tests/conformance/conformance.hpp"

namespace tidings::conformance {
namespace {

using transport::Accept;
using transport::Release;
using transport::Skip;

TEST_P(SettlingConformance, P2SettledEventsDoNotComeAgain) {
  declare_topic("orders");
  publish_numbers("orders", 0, 20);
  {
    auto reader = join("g", "orders");
    const auto deliveries = reader.next(20, soon());
    ASSERT_EQ(deliveries.size(), 20u);
    for (std::size_t i = 0; i < 20; ++i) {
      const transport::Outcome outcome = i % 2 == 0 ? transport::Outcome{Accept{}} : Skip{"filtered"};
      EXPECT_TRUE(reader.settle(deliveries[i], outcome));
    }
  }
  auto again = join("g", "orders", "elsewhere");
  EXPECT_TRUE(again.all_within(3 * unit()).empty());
  EXPECT_EQ(lag("g", "orders")->unsettled, 0u);
}

TEST_P(SettlingConformance, P2UnsettledEventsComeAgainWhereSettledOnesAreBetween) {
  declare_topic("orders", 1);
  publish_numbers("orders", 0, 6, 6);
  {
    auto reader = join("g", "orders");
    const auto deliveries = reader.next(6, soon());
    ASSERT_EQ(deliveries.size(), 6u);
    EXPECT_TRUE(reader.settle(deliveries[1], Accept{}));
    EXPECT_TRUE(reader.settle(deliveries[4], Accept{}));
  }
  auto again = join("g", "orders", "elsewhere");
  EXPECT_EQ(ids_of(again.next(4, soon())), (std::vector<std::string>{"0", "2", "3", "5"}));
  EXPECT_TRUE(again.all_within(unit()).empty());
}

TEST_P(SettlingConformance, P2ADeliveryIsSettledOnce) {
  declare_topic("orders");
  publish_numbers("orders", 0, 1);
  auto reader = join("g", "orders");
  const auto deliveries = reader.next(1, soon());
  ASSERT_EQ(deliveries.size(), 1u);
  EXPECT_TRUE(reader.settle(deliveries[0], Accept{}));
  const auto again = reader.settle(deliveries[0], transport::Bury{.reason = "failed"});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::conflict);
  EXPECT_TRUE(dead_letters().empty());
}

TEST_P(SettlingConformance, P5AReleaseChargesNothing) {
  declare_topic("orders");
  publish_numbers("orders", 0, 1);
  auto reader = join("g", "orders");
  const auto first = reader.next(1, soon());
  ASSERT_EQ(first.size(), 1u);
  EXPECT_TRUE(reader.settle(first[0], Release{}));
  const auto again = reader.next(1, soon());
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].attempts, transport::Attempts{});
  EXPECT_FALSE(again[0].suspect);
}

TEST_P(SettlingConformance, P2WhatAHandlerPublishesLeavesWithTheAcceptance) {
  declare_topic("orders");
  declare_topic("payments");
  publish_numbers("orders", 0, 1);
  auto reader = join("g", "orders");
  auto payments = join("p", "payments");
  const auto deliveries = reader.next(1, soon());
  ASSERT_EQ(deliveries.size(), 1u);
  EXPECT_TRUE(payments.all_within(unit()).empty());
  EXPECT_TRUE(reader.settle(deliveries[0], Accept{}, {numbered("payments", 7), numbered("payments", 8)}));
  EXPECT_EQ(payments.next(2, soon()).size(), 2u);
}

TEST_P(SettlingConformance, P2AnAcceptanceWhoseRecordsAreRefusedDoesNotHappen) {
  if (!capabilities().transactional) GTEST_SKIP() << "the transport is not transactional";
  declare_topic("orders");
  declare_topic("payments");
  publish_numbers("orders", 0, 1);
  auto reader = join("g", "orders");
  const auto deliveries = reader.next(1, soon());
  ASSERT_EQ(deliveries.size(), 1u);
  const auto refused = reader.settle(deliveries[0], Accept{}, {numbered("payments", 7), numbered("nowhere", 8)});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
  EXPECT_TRUE(history("payments").empty());
  EXPECT_TRUE(reader.settle(deliveries[0], transport::Bury{.reason = "failed"})) << "it is ours still";
}

TEST_P(SettlingConformance, P9InFlightIsBounded) {
  declare_topic("orders");
  publish_numbers("orders", 0, 30);
  auto reader = join({.group = "g", .topic = "orders", .in_flight_max = 10});
  const auto first = reader.next(10, soon());
  ASSERT_EQ(first.size(), 10u);
  EXPECT_TRUE(reader.all_within(3 * unit()).empty());
  EXPECT_TRUE(reader.accept(first));
  EXPECT_EQ(reader.next(10, soon()).size(), 10u);
}

std::vector<transport::Record> of_size(int count, std::size_t bytes) {
  std::vector<transport::Record> records;
  for (int i = 0; i < count; ++i)
    records.push_back({.topic = "orders", .key = "k" + std::to_string(i), .body = std::string(bytes, 'x')});
  return records;
}

// Large events take memory, few as they are.
TEST_P(SettlingConformance, P9InFlightIsBoundedByBytesToo) {
  constexpr std::size_t kBytes = 100'000;
  declare_topic("orders");
  publish(of_size(8, kBytes));
  auto reader = join({.group = "g", .topic = "orders", .in_flight_bytes_max = 3 * kBytes});
  const auto first = reader.next(3, soon());
  ASSERT_EQ(first.size(), 3u);
  EXPECT_TRUE(reader.all_within(3 * unit()).empty());
  EXPECT_TRUE(reader.accept(first));
  EXPECT_EQ(reader.next(3, soon()).size(), 3u);
}

// One that is larger than all of the room comes alone.
TEST_P(SettlingConformance, P9OneThatExceedsTheBoundInBytesComesAlone) {
  constexpr std::size_t kBytes = 1'000;
  declare_topic("orders");
  publish(of_size(3, kBytes));
  auto reader = join({.group = "g", .topic = "orders", .in_flight_bytes_max = kBytes / 10});
  for (int i = 0; i < 3; ++i) {
    const auto one = reader.next(1, soon());
    ASSERT_EQ(one.size(), 1u);
    EXPECT_TRUE(reader.all_within(unit()).empty());
    EXPECT_TRUE(reader.accept(one));
  }
}

TEST_P(SettlingConformance, APausedPartitionHandsOutNothing) {
  declare_topic("orders", 2);
  auto reader = join("g", "orders");
  publish_numbers("orders", 0, 20, 10);
  const auto first = reader.next(20, soon());
  ASSERT_EQ(first.size(), 20u);
  std::map<transport::PartitionId, std::size_t> partitions;  // how many are in each
  for (const auto& delivery : first) ++partitions[delivery.partition];
  ASSERT_EQ(partitions.size(), 2u) << "the keys of this test should spread";
  const auto& [pausing, held] = *partitions.begin();
  const std::vector<transport::PartitionId> paused{pausing};
  reader.consumer().set_flow(paused, transport::Consumer::Flow::paused);
  publish_numbers("orders", 20, 20, 10);
  const auto while_paused = reader.next(20 - held, soon());
  ASSERT_EQ(while_paused.size(), 20 - held);
  for (const auto& delivery : while_paused) EXPECT_NE(delivery.partition, pausing);
  EXPECT_TRUE(reader.all_within(3 * unit()).empty());
  reader.consumer().set_flow(paused, transport::Consumer::Flow::flowing);
  EXPECT_EQ(reader.next(held, soon()).size(), held);
}

TEST_P(SettlingConformance, AWakeEndsAWait) {
  declare_topic("orders");
  auto reader = join("g", "orders");
  reader.receive(now() + unit());
  const Time start = now(), late = soon();
  const auto waker = executor().spawn("waker", [&] {
    executor().sleep_until(start + unit());
    reader.consumer().wake();
  });
  const auto batch = reader.consumer().receive(1, start + std::chrono::hours{1});
  EXPECT_TRUE(batch);
  EXPECT_GE(now(), start + unit());
  EXPECT_LT(now(), late);
}

}  // namespace
}  // namespace tidings::conformance
