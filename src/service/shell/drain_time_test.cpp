#include "service/shell/drain_time.hpp"

#include <gtest/gtest.h>

#include "tidings/testing/simulated_executor.hpp"

namespace tidings::service {
namespace {

using namespace std::chrono_literals;
using transport::kCloseWithin;

class DrainTimeTest : public ::testing::Test {
 protected:
  testing::SimulatedExecutor executor_{7};
  const Time begun_ = executor_.now();
  const DrainTime time_{executor_, 20s};
};

TEST_F(DrainTimeTest, GivesWhatEndedEarlyTheDeadlineAtLeastToClose) {
  EXPECT_EQ(time_.expires(), begun_ + 20s + kDrainGrace);
  executor_.run_for(1s);
  EXPECT_EQ(time_.close_expires(), begun_ + 20s + kDrainGrace);
  executor_.run_for(14s);
  EXPECT_EQ(time_.close_expires(), begun_ + 15s + kCloseWithin + kDrainGrace);
}

// The guides tell supervisors to wait for that.
TEST_F(DrainTimeTest, GivesNothingBeyondTheDeadlineToCloseForADrainThatTookLonger) {
  executor_.run_for(21'500ms);
  EXPECT_EQ(time_.close_expires(), begun_ + 20s + kCloseWithin + kDrainGrace);
}

TEST_F(DrainTimeTest, StaysThoughTheClockIsSet) {
  for (const Duration by : {Duration{-5min}, Duration{10min}}) {
    const Duration until_close = time_.close_expires() - executor_.now();
    executor_.jump(by);
    EXPECT_EQ(time_.left().end() - executor_.now(), 20s);
    EXPECT_EQ(time_.close_expires() - executor_.now(), until_close);
  }
}

}  // namespace
}  // namespace tidings::service
