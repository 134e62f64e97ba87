#include "transport/kafka/format/retry_ladder.hpp"

#include <gmock/gmock.h>

namespace tidings::kafka {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Time kNow{seconds{1'700'000'000}};

TEST(RetryLadderTest, WaitsOnTheLongestStepThatIsNotTooLong) {
  const std::vector<std::pair<Duration, std::int32_t>> cases{
      {seconds{-5}, 0},  {Duration::zero(), 0}, {milliseconds{999}, 0}, {seconds{1}, 1},     {milliseconds{4'999}, 1},
      {seconds{5}, 2},   {seconds{29}, 2},      {seconds{30}, 3},       {seconds{119}, 3},   {seconds{120}, 4},
      {seconds{600}, 5}, {seconds{3'599}, 5},   {hours{1}, 6},          {hours{24 * 365}, 6}};
  for (const auto& [left, step] : cases) EXPECT_EQ(retry_partition(kNow + left, kNow), step) << left.count();
  EXPECT_EQ(retry_partition(std::nullopt, kNow), 0);
}

TEST(RetryLadderTest, AStepEndsWhenItsTimeIsOverOrTheRetryIsDue) {
  const Time due = kNow + hours{3};
  EXPECT_EQ(step_ends(6, kNow, due), kNow + hours{1});
  EXPECT_EQ(step_ends(1, kNow, due), kNow + seconds{1});
  EXPECT_EQ(step_ends(0, kNow, kNow + milliseconds{300}), kNow + milliseconds{300});
  EXPECT_EQ(step_ends(3, kNow, kNow + seconds{31}), kNow + seconds{30});
  EXPECT_EQ(step_ends(3, kNow, kNow + seconds{20}), kNow + seconds{20});
}

TEST(RetryLadderTest, WhatSaysNoTimeIsDueAtOnce) {
  EXPECT_EQ(step_ends(4, kNow, std::nullopt), Time::min());
  EXPECT_EQ(step_ends(4, std::nullopt, kNow), kNow);
  EXPECT_EQ(step_ends(1'000, kNow, kNow + seconds{7}), kNow + seconds{7});
}

// Step by step until it is due: never late, never early, and in few steps.
TEST(RetryLadderTest, ArrivesOnTimeInFewSteps) {
  for (const Duration delay : {Duration{milliseconds{1}}, Duration{milliseconds{2'500}}, Duration{seconds{59}},
                               Duration{hours{5} + seconds{1} + microseconds{1}}}) {
    const Time due = kNow + delay;
    Time now = kNow;
    int steps = 0;
    while (now < due && steps < 100) {
      now = step_ends(retry_partition(due, now), now, due);
      ++steps;
    }
    EXPECT_EQ(now, due) << delay.count();
    EXPECT_LE(steps, 20) << delay.count();
  }
}

}  // namespace
}  // namespace tidings::kafka
