// P4 and P8: partitions change hands when members join and leave; who was cut off is refused.
#include <algorithm>
#include <set>

#include "tests/conformance/conformance.hpp"

namespace tidings::conformance {
namespace {

using transport::Notice;

std::size_t partitions_of(const Reader& reader, Notice::Kind kind) {
  std::size_t count = 0;
  for (const Notice& notice : reader.notices()) {
    if (notice.kind == kind) count += notice.partitions.size();
  }
  return count;
}

TEST_P(HandOverConformance, P4AMemberIsToldWhatItOwns) {
  declare_topic("orders", 4);
  auto reader = join("g", "orders");
  const auto all = [&] { return partitions_of(reader, Notice::Kind::assigned) >= 4; };
  EXPECT_TRUE(receive_until(all, {&reader}, executor(), soon()));
}

TEST_P(HandOverConformance, P4ANewMemberGetsItsShareOfWhatIsIdle) {
  declare_topic("orders", 4);
  auto first = join("g", "orders");
  first.receive(soon());
  auto second = join("g", "orders", "elsewhere");
  const auto shared = [&] { return partitions_of(second, Notice::Kind::assigned) == 2; };
  EXPECT_TRUE(receive_until(shared, {&first, &second}, executor(), deadline(fixture().hand_over_max())));
  EXPECT_GE(partitions_of(first, Notice::Kind::revoking) + partitions_of(first, Notice::Kind::lost), 2u);
}

TEST_P(HandOverConformance, P4WhatIsInFlightIsFinishedBeforeAHandOver) {
  declare_topic("orders", 2);
  publish_numbers("orders", 0, 20, 10);
  auto first = join("g", "orders");
  const auto deliveries = first.next(20, soon());
  ASSERT_EQ(deliveries.size(), 20u);
  auto second = join("g", "orders", "elsewhere");
  const auto told = [&] { return first.noticed(Notice::Kind::revoking); };
  ASSERT_TRUE(receive_until(told, {&first, &second}, executor(), soon()));
  EXPECT_TRUE(second.received().empty()) << "the first one has it in flight";
  EXPECT_TRUE(first.accept(deliveries)) << "there was time to settle";
  const auto shared = [&] { return partitions_of(second, Notice::Kind::assigned) == 1; };
  EXPECT_TRUE(receive_until(shared, {&first, &second}, executor(), deadline(fixture().hand_over_max())));
  EXPECT_TRUE(second.received().empty()) << "all of it was settled";
}

TEST_P(HandOverConformance, P4WhatIsInFlightStaysWithItsOwnerForAsLongAsItLives) {
  if (capabilities().revoke_max) GTEST_SKIP() << "a hand-over does not wait so long here";
  declare_topic("orders", 2);
  publish_numbers("orders", 0, 20, 10);
  const auto owner = start({.topic = "orders", .group = "g", .receive = 20});
  auto second = join("g", "orders");
  EXPECT_TRUE(second.all_within(fixture().hand_over_max() + unit()).empty());
  owner->kill();
  EXPECT_EQ(second.next(20, deadline(capabilities().takeover_max)).size(), 20u);
}

TEST_P(HandOverConformance, P4WhoDoesNotGiveUpIsCutOff) {
  if (!capabilities().revoke_max) GTEST_SKIP() << "a hand-over waits for ever here";
  declare_topic("orders", 2);
  publish_numbers("orders", 0, 20, 10);
  auto first = join("g", "orders");
  const auto deliveries = first.next(20, soon());
  ASSERT_EQ(deliveries.size(), 20u);
  auto second = join("g", "orders", "elsewhere");
  const auto came = [&] { return !second.received().empty(); };
  ASSERT_TRUE(receive_until(came, {&second}, executor(), deadline(fixture().hand_over_max())));
  second.receive(now() + unit());
  std::set<std::string> taken;
  for (const auto& id : ids_of(second.received())) taken.insert(id);
  for (const auto& delivery : deliveries) {
    const auto settled = first.settle(delivery, transport::Accept{}, {});
    const bool is_taken = taken.contains(std::string{delivery.record.id});
    EXPECT_EQ(bool{settled}, !is_taken) << delivery.record.id;
    if (!settled) {
      EXPECT_EQ(settled.error().kind, ErrorKind::conflict);
    }
  }
  for (const auto& delivery : second.received()) {
    EXPECT_FALSE(delivery.suspect);
    EXPECT_EQ(delivery.attempts.crashes, 0);
  }
  EXPECT_TRUE(second.accept(second.received()));
  const auto lost = [&] { return first.noticed(Notice::Kind::lost); };
  EXPECT_TRUE(receive_until(lost, {&first}, executor(), soon()));
}

TEST_P(HandOverConformance, P4WhatACutOffMemberPublishesIsRefusedWithItsSettlement) {
  if (!capabilities().transactional) GTEST_SKIP() << "the transport is not transactional";
  declare_topic("orders", 1);
  declare_topic("payments");
  publish_numbers("orders", 0, 1, 1);
  auto first = join("g", "orders");
  const auto deliveries = first.next(1, soon());
  ASSERT_EQ(deliveries.size(), 1u);
  ASSERT_TRUE(first.settle(deliveries[0], transport::Release{}));
  const auto refused = first.settle(deliveries[0], transport::Accept{}, {numbered("payments", 1)});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
  EXPECT_TRUE(history("payments").empty());
}

TEST_P(HandOverConformance, P8WhoLeavesLosesNothing) {
  declare_topic("orders", 4);
  publish_numbers("orders", 0, 40, 10);
  auto first = join("g", "orders");
  const auto deliveries = first.next(40, soon());
  ASSERT_EQ(deliveries.size(), 40u);
  EXPECT_TRUE(first.accept({deliveries.data(), 15}));
  first.leave();
  auto second = join("g", "orders", "elsewhere");
  const auto rest = second.next(25, soon());
  ASSERT_EQ(rest.size(), 25u);
  for (const auto& delivery : rest) EXPECT_EQ(delivery.attempts, transport::Attempts{});
  EXPECT_TRUE(second.accept(rest));
  EXPECT_EQ(lag("g", "orders")->unsettled, 0u);
}

}  // namespace
}  // namespace tidings::conformance
