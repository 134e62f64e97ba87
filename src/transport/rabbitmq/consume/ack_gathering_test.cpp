#include "transport/rabbitmq/consume/ack_gathering.hpp"

#include <gtest/gtest.h>

namespace tidings::rabbitmq {
namespace {

constexpr std::size_t kEnough = 4;
constexpr Duration kMoment = std::chrono::microseconds{1};
const Time kStart{std::chrono::seconds{1}};

TEST(AckGathering, AFewWaitForMoreAndNoLongerThanTheyMay) {
  AckGathering gathering{kEnough};
  EXPECT_TRUE(gathering.waits(1, kStart));
  EXPECT_EQ(gathering.until(), kStart + kGatherWithin);
  EXPECT_TRUE(gathering.waits(2, kStart + kGatherWithin - kMoment)) << "others do not begin it anew";
  EXPECT_FALSE(gathering.waits(2, kStart + kGatherWithin));
  EXPECT_EQ(gathering.until(), kNever);
  EXPECT_TRUE(gathering.waits(1, kStart + kGatherWithin)) << "the next ones";
}

TEST(AckGathering, ManyDoNotWait) {
  AckGathering gathering{kEnough};
  EXPECT_TRUE(gathering.waits(kEnough - 1, kStart));
  EXPECT_FALSE(gathering.waits(kEnough, kStart));
}

TEST(AckGathering, NothingWaitsForNothing) {
  EXPECT_FALSE(AckGathering{kEnough}.waits(0, kStart));
}

TEST(AckGathering, WhatMustNotWaitTakesTheOthersWithIt) {
  AckGathering gathering{kEnough};
  EXPECT_TRUE(gathering.waits(1, kStart));
  gathering.hurry();
  EXPECT_FALSE(gathering.waits(1, kStart));
  EXPECT_TRUE(gathering.waits(1, kStart)) << "once";
}

}  // namespace
}  // namespace tidings::rabbitmq
