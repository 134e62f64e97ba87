#include "transport/kafka/consume/group_requests.hpp"

#include <gtest/gtest.h>

#include "tidings/testing/simulated_executor.hpp"
#include "transport/kafka/client/kafka_limits.hpp"

namespace tidings::kafka {
namespace {

using Now = GroupRequests::Now;

constexpr std::int16_t kJoinGroup = 11, kHeartbeat = 12, kSyncGroup = 14, kOffsetCommit = 8;

class GroupRequestsTest : public ::testing::Test {
 protected:
  void pass(Duration time) { executor.run_for(time); }

  tidings::testing::SimulatedExecutor executor{1};
  GroupRequests requests{executor};
};

TEST_F(GroupRequestsTest, NothingIsInTheWayAtFirst) {
  EXPECT_EQ(requests.now(), Now::commit);
}

TEST_F(GroupRequestsTest, AHeartbeatIsInTheWayUntilWhatFollowsFromItsAnswerIsSent) {
  requests.sent(kHeartbeat);
  pass(kJoinIsLong * 2);
  EXPECT_EQ(requests.now(), Now::wait);
  requests.answered(kHeartbeat);
  EXPECT_EQ(requests.now(), Now::wait);
  pass(kAnswerIsNew);
  EXPECT_EQ(requests.now(), Now::commit);
}

TEST_F(GroupRequestsTest, OtherRequestsAreNotInTheWay) {
  requests.sent(kOffsetCommit);
  EXPECT_EQ(requests.now(), Now::commit);
}

TEST_F(GroupRequestsTest, AJoinThatTakesLongIsGoneRound) {
  requests.sent(kJoinGroup);
  EXPECT_EQ(requests.now(), Now::wait);
  pass(kJoinIsLong);
  EXPECT_EQ(requests.now(), Now::joining);
  requests.answered(kJoinGroup);
  EXPECT_EQ(requests.now(), Now::wait);
  requests.sent(kSyncGroup);
  pass(kJoinIsLong);
  EXPECT_EQ(requests.now(), Now::joining);
  requests.answered(kSyncGroup);
  pass(kAnswerIsNew);
  EXPECT_EQ(requests.now(), Now::commit);
}

TEST_F(GroupRequestsTest, TheCoordinatorHeardWhatItAnswered) {
  EXPECT_EQ(requests.heard_at(), Time::min());
  const Time begin = executor.now();
  requests.sent(kHeartbeat);
  pass(kAnswerIsNew);
  EXPECT_EQ(requests.heard_at(), Time::min()) << "nobody knows yet";
  requests.answered(kHeartbeat);
  EXPECT_EQ(requests.heard_at(), begin) << "it may have heard it at once";
  requests.sent(kHeartbeat);
  pass(kAnswerIsNew);
  requests.answered(kHeartbeat, GroupRequests::Answer::none);
  requests.sent(kOffsetCommit);
  requests.answered(kOffsetCommit);
  EXPECT_EQ(requests.heard_at(), begin);
}

TEST_F(GroupRequestsTest, WhatMakesItJoinIsInTheWayUntilItJoinsOrDoesNot) {
  requests.joins_soon();
  EXPECT_EQ(requests.now(), Now::wait);
  pass(kJoinsWithin);
  EXPECT_EQ(requests.now(), Now::commit);
  requests.joins_soon();
  requests.sent(kJoinGroup);
  requests.answered(kJoinGroup);
  pass(kAnswerIsNew);
  EXPECT_EQ(requests.now(), Now::commit);
}

}  // namespace
}  // namespace tidings::kafka
