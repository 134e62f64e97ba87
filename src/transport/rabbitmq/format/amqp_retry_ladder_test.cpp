#include "transport/rabbitmq/format/amqp_retry_ladder.hpp"

#include <gmock/gmock.h>

namespace tidings::rabbitmq {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Time kNow{std::chrono::hours{1'000}};

TEST(RetryLadder, TheLongestStepThatFitsIsNext) {
  EXPECT_EQ(retry_step(kNow + seconds{59}, kNow), seconds{30});
  EXPECT_EQ(retry_step(kNow + seconds{60}, kNow), seconds{60});
  EXPECT_EQ(retry_step(kNow + seconds{1}, kNow), seconds{1});
  EXPECT_EQ(retry_step(kNow + std::chrono::milliseconds{999}, kNow), std::nullopt);
  EXPECT_EQ(retry_step(std::nullopt, kNow), std::nullopt);
}

TEST(RetryLadder, OneWhoseQueueIsMissingIsWantedAndAShorterOneTaken) {
  RetrySteps steps;
  EXPECT_EQ(steps.choose(kNow + seconds{7}, kNow), seconds{1});
  EXPECT_THAT(steps.take_wanted(), ElementsAre(seconds{2}, seconds{5}));
  EXPECT_THAT(steps.take_wanted(), IsEmpty());
}

TEST(RetryLadder, OneThatWasJustMadeIsNotTakenYet) {
  RetrySteps steps;
  steps.made(seconds{5}, kNow);
  EXPECT_EQ(steps.choose(kNow + seconds{10}, kNow + seconds{2}), seconds{1});
  EXPECT_EQ(steps.choose(kNow + seconds{20}, kNow + seconds{6}), seconds{5});
}

TEST(RetryLadder, OneThatWasThereIsTakenAtOnce) {
  RetrySteps steps;
  steps.made(minutes{1}, std::nullopt);
  EXPECT_EQ(steps.choose(kNow + minutes{2}, kNow), minutes{1});
  steps.forget();
  EXPECT_EQ(steps.choose(kNow + minutes{2}, kNow), seconds{1});
}

TEST(RetryLadder, WhatIsDueTakesTheShortest) {
  RetrySteps steps;
  EXPECT_EQ(steps.choose(kNow, kNow), seconds{1});
  EXPECT_EQ(steps.choose(std::nullopt, kNow), seconds{1});
  EXPECT_THAT(steps.take_wanted(), IsEmpty());
}

}  // namespace
}  // namespace tidings::rabbitmq
