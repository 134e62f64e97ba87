// P4: one owner a partition, also while it changes hands.
#include "transport/memory/ownership.hpp"

#include <gtest/gtest.h>

namespace tidings::memory {
namespace {

using namespace std::chrono_literals;
using transport::Notice;
using transport::PartitionId;

constexpr Time kNow = Time{1h};
const auto kIdle = [](const PartitionId&) { return false; };
const auto kBusy = [](const PartitionId&) { return true; };

Ownership ownership_of(int partitions) {
  Ownership ownership{5s};
  for (int i = 0; i < partitions; ++i) ownership.add({"orders", i});
  return ownership;
}

std::map<MemberId, int> shares(const Ownership& ownership) {
  std::map<MemberId, int> shares;
  for (const auto& [partition, holding] : ownership.holdings()) ++shares[holding.owner];
  return shares;
}

TEST(Ownership, GivesTheFirstMemberEverything) {
  Ownership ownership = ownership_of(3);
  ownership.join(1);
  EXPECT_EQ(ownership.balance(kNow, kIdle).size(), 3u);
  EXPECT_EQ(shares(ownership), (std::map<MemberId, int>{{1, 3}}));
}

TEST(Ownership, SharesEquallyAsMembersJoinAndLeave) {
  Ownership ownership = ownership_of(10);
  for (const MemberId member : {1, 2, 3}) {
    ownership.join(member);
    ownership.balance(kNow, kIdle);
  }
  EXPECT_EQ(shares(ownership), (std::map<MemberId, int>{{1, 4}, {2, 3}, {3, 3}}));
  ownership.leave(1);
  ownership.balance(kNow, kIdle);
  EXPECT_EQ(shares(ownership), (std::map<MemberId, int>{{2, 5}, {3, 5}}));
}

TEST(Ownership, WaitsForWhatIsInFlightBeforeAHandOver) {
  Ownership ownership = ownership_of(2);
  ownership.join(1);
  ownership.balance(kNow, kIdle);
  ownership.join(2);
  const auto changes = ownership.balance(kNow, kBusy);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].kind, Notice::Kind::revoking);
  EXPECT_EQ(changes[0].member, 1u);
  EXPECT_EQ(changes[0].deadline, kNow + 5s);
  EXPECT_EQ(ownership.next_deadline(), kNow + 5s);
  EXPECT_TRUE(ownership.balance(kNow + 4s, kBusy).empty());
  ownership.balance(kNow + 4s, kIdle);
  EXPECT_EQ(shares(ownership), (std::map<MemberId, int>{{1, 1}, {2, 1}}));
}

TEST(Ownership, WaitsForEverWithoutADeadline) {
  Ownership ownership{std::nullopt};
  for (const int partition : {0, 1}) ownership.add({"orders", partition});
  ownership.join(1);
  ownership.balance(kNow, kIdle);
  ownership.join(2);
  EXPECT_EQ(ownership.balance(kNow, kBusy).at(0).deadline, kNever);
  EXPECT_TRUE(ownership.balance(kNow + 1000h, kBusy).empty());
  EXPECT_EQ(shares(ownership), (std::map<MemberId, int>{{1, 2}}));
}

TEST(Ownership, TakesAwayAtTheDeadline) {
  Ownership ownership = ownership_of(2);
  ownership.join(1);
  ownership.balance(kNow, kIdle);
  ownership.join(2);
  ownership.balance(kNow, kBusy);
  const auto changes = ownership.balance(kNow + 5s, kBusy);
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].kind, Notice::Kind::lost);
  EXPECT_EQ(changes[0].member, 1u);
  EXPECT_EQ(changes[1].kind, Notice::Kind::assigned);
  EXPECT_EQ(changes[1].member, 2u);
}

TEST(Ownership, RaisesTheEpochWithEachOwner) {
  Ownership ownership = ownership_of(1);
  ownership.join(1);
  ownership.balance(kNow, kIdle);
  const auto first = ownership.holdings().begin()->second.epoch;
  ownership.leave(1);
  ownership.join(2);
  ownership.balance(kNow, kIdle);
  EXPECT_GT(ownership.holdings().begin()->second.epoch, first);
}

TEST(Ownership, LeavesMembersWithoutPartitionsWhenThereAreTooFew) {
  Ownership ownership = ownership_of(1);
  for (const MemberId member : {1, 2, 3}) ownership.join(member);
  ownership.balance(kNow, kIdle);
  EXPECT_EQ(shares(ownership), (std::map<MemberId, int>{{1, 1}}));
  EXPECT_TRUE(ownership.balance(kNow, kIdle).empty());
}

}  // namespace
}  // namespace tidings::memory
