// A18: partitions are shared fairly, and few of them move.
#include "transport/local/storage/assignment.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace tidings::local {
namespace {

using Members = std::vector<MemberId>;

TEST(FairAssignment, GivesAllToTheOnlyOne) {
  EXPECT_EQ(fair_assignment(Members{5}, Members(4, 0)), Members(4, 5));
}

TEST(FairAssignment, GivesNothingToNobody) {
  EXPECT_EQ(fair_assignment(Members{}, Members(3, 7)), Members(3, 0));
}

TEST(FairAssignment, MovesOnlyTheSurplusToANewMember) {
  EXPECT_EQ(fair_assignment(Members{1, 2}, Members{1, 1, 1, 1}), (Members{1, 1, 2, 2}));
}

TEST(FairAssignment, LeavesABalancedShareAlone) {
  const Members owners{2, 1, 2, 1, 1};
  EXPECT_EQ(fair_assignment(Members{1, 2}, owners), owners);
}

TEST(FairAssignment, SharesWhatALeaverHad) {
  EXPECT_EQ(fair_assignment(Members{1, 3}, Members{1, 2, 3, 2, 1, 3}), (Members{1, 1, 3, 3, 1, 3}));
}

// While a hand-over is under way, the answer stays the same: nothing moves back and forth.
TEST(FairAssignment, StaysWhileAHandOverIsUnderWay) {
  Members owners(64, 1);
  const Members members{1, 2, 3};
  const Members target = fair_assignment(members, owners);
  for (std::size_t i = 0; i < owners.size(); ++i) {
    if (target[i] == 1) continue;
    owners[i] = 0;  // given up
    EXPECT_EQ(fair_assignment(members, owners)[i] == 1, false) << i;
    owners[i] = fair_assignment(members, owners)[i];  // claimed
  }
  EXPECT_EQ(fair_assignment(members, owners), owners);
}

TEST(FairAssignment, IsFairForAnyNumbers) {
  for (std::size_t partitions = 1; partitions <= 20; ++partitions) {
    Members members;
    Members owners(partitions, 0);
    for (MemberId member = 1; member <= 25; ++member) {
      members.push_back(member);
      owners = fair_assignment(members, owners);
      for (const MemberId each : members) {
        const auto count = static_cast<std::size_t>(std::count(owners.begin(), owners.end(), each));
        EXPECT_GE(count, partitions / members.size());
        EXPECT_LE(count, partitions / members.size() + 1);
      }
    }
  }
}

}  // namespace
}  // namespace tidings::local
