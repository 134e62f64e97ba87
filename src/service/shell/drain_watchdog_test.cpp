// P8: nothing that a drain waits for keeps a process beyond its deadline.
#include "service/shell/drain_watchdog.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "tidings/testing/simulated_executor.hpp"

namespace tidings::service {
namespace {

using namespace std::chrono_literals;
using tidings::testing::SimulatedExecutor;

class DrainWatchdogTest : public ::testing::Test {
 protected:
  std::unique_ptr<DrainWatchdog> watch() {
    return std::make_unique<DrainWatchdog>(executor_, [this](std::string_view what) {
      expired_.emplace_back(what);
      at_ = executor_->now();
    });
  }

  std::shared_ptr<SimulatedExecutor> executor_ = std::make_shared<SimulatedExecutor>(1);
  std::vector<std::string> expired_;
  Time at_{};
};

TEST_F(DrainWatchdogTest, SaysWhatWasWaitedForAtItsDeadline) {
  const auto watchdog = watch();
  const Time deadline = executor_->now() + 20s;
  watchdog->arm(deadline);
  watchdog->waiting_for("this");
  watchdog->waiting_for("that");
  executor_->run_for(1min);
  EXPECT_EQ(expired_, std::vector<std::string>{"that"});
  EXPECT_EQ(at_, deadline);
}

TEST_F(DrainWatchdogTest, HasItsDeadlineThoughTheClockIsSet) {
  const auto watchdog = watch();
  watchdog->arm(executor_->now() + 20s);
  executor_->run_for(5s);
  executor_->jump(-5min);
  executor_->run_for(14s);
  EXPECT_TRUE(expired_.empty());
  executor_->jump(5min);
  executor_->run_for(500ms);
  EXPECT_TRUE(expired_.empty()) << "no time passed";
  executor_->run_for(1s);
  EXPECT_EQ(expired_.size(), 1u);
}

TEST_F(DrainWatchdogTest, TakesANewDeadline) {
  const auto watchdog = watch();
  const Time begin = executor_->now();
  watchdog->arm(begin + 20s);
  executor_->run_for(5s);
  watchdog->arm(begin + 40s);
  executor_->run_for(1min);
  EXPECT_EQ(at_, begin + 40s);
  EXPECT_EQ(expired_.size(), 1u);
}

TEST_F(DrainWatchdogTest, IsQuietWhereAllEndedInTime) {
  auto watchdog = watch();
  watchdog->arm(executor_->now() + 20s);
  executor_->run_for(19s);
  watchdog.reset();
  executor_->run_for(1min);
  EXPECT_TRUE(expired_.empty());
}

TEST_F(DrainWatchdogTest, IsQuietWhereNobodyDrains) {
  { const auto watchdog = watch(); }
  executor_->run_for(1min);
  EXPECT_TRUE(expired_.empty());
}

}  // namespace
}  // namespace tidings::service
