// E14: what `tidings bench` measures, on `memory:` and its virtual clock: a broker's times are what the test says.
#include "operate/speed.hpp"

#include <gmock/gmock.h>

#include "operate/topology.hpp"
#include "tidings/testing/simulated_executor.hpp"
#include "transport/memory/memory_broker.hpp"

namespace tidings::operate {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using tidings::testing::SimulatedExecutor;

class Speed : public ::testing::Test {
 protected:
  Result<SpeedReport> measure(const SpeedPlan& plan) {
    return measure_speed(*transport_, *executor_, plan, [this](std::string_view doing, std::size_t, std::size_t) {
      if (doing == stop_while_) return false;
      executor_->sleep_until(executor_->now() + pause_);
      return true;
    });
  }

  std::shared_ptr<SimulatedExecutor> executor_ = std::make_shared<SimulatedExecutor>(1);
  std::shared_ptr<memory::MemoryBroker> broker_ = memory::MemoryBroker::make(executor_);
  std::unique_ptr<transport::Transport> transport_ = broker_->open("operator");
  Duration pause_{};        // at each report of progress
  std::string stop_while_;  // at the first report of it
};

TEST_F(Speed, CountsEachEventOnceByTheClock) {
  pause_ = std::chrono::milliseconds{100};
  const auto report = measure({.events = 1'000, .bytes = 64, .batch = 100, .one_by_one = 5});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->events, 1'000u);
  EXPECT_NEAR(report->published_per_second, 1'000, 1);  // ten batches, a tenth of a second each
  EXPECT_GT(report->consumed_per_second, 1'000);
  EXPECT_GE(report->latency_p99_ms, report->latency_median_ms);
  const auto topics = transport_->operations().topology->topics().value();
  ASSERT_EQ(topics.size(), 1u);
  EXPECT_EQ(topics[0].name, "tidings-bench");
  EXPECT_EQ(topics[0].retention.age, kSpeedKept);
  EXPECT_EQ(topics[0].retention.unsettled, transport::Unsettled::expire);  // whoever is killed leaves its group
  EXPECT_TRUE(topics[0].command);
  EXPECT_EQ(topics[0].records, 1'005u);
}

TEST_F(Speed, TimesAsManyAloneAsThereIsTimeFor) {
  pause_ = kSpeedAloneFor / 50;
  EXPECT_EQ(measure({.events = 1, .one_by_one = 200})->one_by_one, 50u);
  pause_ = 2 * kSpeedAloneFor;
  EXPECT_EQ(measure({.events = 1, .one_by_one = 200})->one_by_one, 1u);
  pause_ = {};
  EXPECT_EQ(measure({.events = 1, .one_by_one = 200})->one_by_one, 200u);
}

TEST_F(Speed, LeavesNoGroupBehind) {
  ASSERT_TRUE(measure({.events = 10, .one_by_one = 0}));
  EXPECT_THAT(groups(*transport_)->groups, IsEmpty());
}

TEST_F(Speed, LeavesNoGroupBehindWhenItIsStopped) {
  for (const char* doing : {"publishing", "consuming", "one by one"}) {
    stop_while_ = doing;
    const auto report = measure({.events = 1'000, .one_by_one = 3});
    ASSERT_FALSE(report) << doing;
    EXPECT_THAT(report.error().message, HasSubstr("stopped"));
    EXPECT_THAT(groups(*transport_)->groups, IsEmpty()) << doing;
  }
}

TEST_F(Speed, SaysWhatIsWrongWithAPlan) {
  EXPECT_THAT(measure({.events = 0}).error().message, HasSubstr("events: expected 1 to"));
  EXPECT_THAT(measure({.bytes = 1}).error().message, HasSubstr("bytes: expected 2 to"));
  EXPECT_THAT(measure({.batch = 5'001}).error().message, HasSubstr("batch: expected 1 to 5000"));
}

}  // namespace
}  // namespace tidings::operate
