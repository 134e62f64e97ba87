// A handler's timeout is time that it takes, however the clock is set meanwhile.
#include "service/engine/timekeeper.hpp"

#include <gtest/gtest.h>

#include "tidings/testing/simulated_executor.hpp"

namespace tidings::service {
namespace {

using namespace std::chrono_literals;

class TimekeeperTest : public ::testing::TestWithParam<Duration> {
 protected:
  std::shared_ptr<testing::SimulatedExecutor> executor_ = std::make_shared<testing::SimulatedExecutor>(1);
  Timekeeper keeper_{executor_};
  int late_ = 0;
  const std::unique_ptr<Timekeeper::Watch> watch_ = keeper_.watch([this] { ++late_; });
};

TEST_P(TimekeeperTest, IsLateAfterThatTime) {
  watch_->begin(executor_->uptime() + 10s);
  executor_->run_for(1s);
  executor_->jump(GetParam());
  executor_->run_for(8s);
  EXPECT_EQ(late_, 0);
  executor_->run_for(2s);
  EXPECT_EQ(late_, 1);
  EXPECT_TRUE(watch_->end(executor_->uptime()));
  EXPECT_EQ(late_, 1) << "once";
}

TEST_P(TimekeeperTest, WhoEndsInTimeIsNotLate) {
  watch_->begin(executor_->uptime() + 10s);
  executor_->run_for(1s);
  executor_->jump(GetParam());
  executor_->run_for(8s);
  EXPECT_FALSE(watch_->end(executor_->uptime()));
  executor_->run_for(1h);
  EXPECT_EQ(late_, 0);
}

INSTANTIATE_TEST_SUITE_P(Clock, TimekeeperTest, ::testing::Values(Duration{}, Duration{5min}, Duration{-5min}));

}  // namespace
}  // namespace tidings::service
