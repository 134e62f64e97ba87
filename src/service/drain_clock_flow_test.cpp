// A drain while somebody sets the clock: it takes what it was to take.
#include <gmock/gmock.h>

#include "service/sample_service.hpp"
#include "tidings/bus.hpp"
#include "tidings/testing/simulated_executor.hpp"
#include "transport/memory/memory_broker.hpp"

namespace tidings::service {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Le;

class DrainClockFlow : public ::testing::Test {
 protected:
  using Handle = std::function<void(const Placed&, Context&)>;
  std::unique_ptr<Bus> start(const std::string& name, Handle handle) {
    auto bus = std::make_unique<Bus>(broker_->open(name), executor_, BusOptions{.name = "shop", .instance = name});
    bus->publishes<Placed>();
    bus->on<Placed>(std::move(handle), {.timeout = 1h, .concurrency = 4});
    EXPECT_TRUE(bus->start());
    return bus;
  }
  static void publish(Bus& bus, int count) {
    EXPECT_TRUE(bus.publish(Placed{"x", count}, {.aggregate_id = "k" + std::to_string(count)}));
  }
  // Somebody sets the clock, so long after now.
  void set_clock(Duration after, Duration by) {
    setters_.push_back(executor_->spawn("clock", [this, after, by] {
      executor_->sleep_until(executor_->now() + after);
      executor_->jump(by);
    }));
  }
  void work_for(Duration duration, Context& context) {
    const Duration begun = executor_->uptime();
    while (executor_->uptime() - begun < duration && !context.stop().stop_requested())
      executor_->sleep_until(executor_->now() + 10ms);
  }

  std::shared_ptr<testing::SimulatedExecutor> executor_ = std::make_shared<testing::SimulatedExecutor>(7);
  std::shared_ptr<memory::MemoryBroker> broker_ = memory::MemoryBroker::make(executor_);
  std::vector<std::unique_ptr<Thread>> setters_;
};

TEST_F(DrainClockFlow, EndsInTimeThoughTheClockIsSetBack) {
  const auto bus = start("first", [&](const Placed&, Context& context) { work_for(1h, context); });
  publish(*bus, 1);
  executor_->run_for(1s);
  set_clock(3s, -5min);
  const Duration begun = executor_->uptime();
  EXPECT_FALSE(bus->stop(executor_->now() + 10s));
  EXPECT_THAT(executor_->uptime() - begun, AllOf(Ge(10s), Le(11s)));
}

TEST_F(DrainClockFlow, WaitsForWhatRunsThoughTheClockIsSetForward) {
  bool told = false;
  const auto bus = start("first", [&](const Placed&, Context& context) {
    work_for(5s, context);
    told = context.stop().stop_requested();
  });
  publish(*bus, 1);
  executor_->run_for(1s);
  set_clock(1s, 5min);
  const Duration begun = executor_->uptime();
  const auto stopped = bus->stop(executor_->now() + 20s);
  EXPECT_TRUE(stopped) << stopped.error().message;
  EXPECT_FALSE(told);
  EXPECT_THAT(executor_->uptime() - begun, AllOf(Ge(4s), Le(5s)));
}

TEST_F(DrainClockFlow, WaitsItsWholeTimeThoughTheClockIsSetForward) {
  bool go = false;
  const auto bus = start("first", [&](const Placed&, Context&) {
    while (!go) executor_->sleep_until(executor_->now() + 10ms);
  });
  publish(*bus, 1);
  executor_->run_for(1s);
  set_clock(1s, 5min);
  set_clock(10'200ms, 5min);  // when handlers have been told to stop
  const Duration begun = executor_->uptime();
  const auto stopped = bus->stop(executor_->now() + 10s);
  ASSERT_FALSE(stopped);
  EXPECT_THAT(stopped.error().message, HasSubstr("'orders' left"));
  EXPECT_THAT(executor_->uptime() - begun, AllOf(Ge(10'500ms), Le(11s)));
  go = true;
}

// However many handlers do not end: they are left alone after one grace.
TEST_F(DrainClockFlow, GivesItsKeysUpThoughTheClockIsSetBackMeanwhile) {
  bool go = false;
  int second = 0;
  const auto bus = start("first", [&](const Placed&, Context&) {
    while (!go) executor_->sleep_until(executor_->now() + 10ms);
  });
  for (int i = 0; i < 4; ++i) publish(*bus, i);
  executor_->run_for(1s);
  const auto other = start("second", [&](const Placed&, Context&) { ++second; });
  executor_->run_for(200ms);
  set_clock(2300ms, -5min);
  EXPECT_FALSE(bus->stop(executor_->now() + 2s));
  EXPECT_TRUE(executor_->run_until([&] { return second == 4; }, 1s)) << second;
  go = true;
  executor_->run_for(1s);
}

}  // namespace
}  // namespace tidings::service
