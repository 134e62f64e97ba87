// Nothing calls the program when its bus has stopped.
#include "service/engine/callback_gate.hpp"

#include <gmock/gmock.h>

#include "service/sample_service.hpp"
#include "tidings/testing/simulated_executor.hpp"
#include "transport/memory/memory_broker.hpp"

namespace tidings::service {
namespace {

using namespace std::chrono_literals;

class Callbacks : public ::testing::Test {
 protected:
  std::unique_ptr<Bus> make(const std::function<void(const Placed&)>& handler) {
    BusOptions options{.name = "shop"};
    options.observers.push_back([this](const Decision&) { ++observed_; });
    options.on_trouble = [this](const Trouble&) { ++troubles_; };
    options.discovery = 1s;
    auto bus = std::make_unique<Bus>(broker_->open("shop"), executor_, options);
    bus->publishes<Placed>();
    bus->on<Placed>(handler);
    EXPECT_TRUE(bus->start());
    return bus;
  }

  std::shared_ptr<testing::SimulatedExecutor> executor_ = std::make_shared<testing::SimulatedExecutor>(7);
  std::shared_ptr<memory::MemoryBroker> broker_ = memory::MemoryBroker::make(executor_);
  std::atomic<int> observed_ = 0;
  std::atomic<int> troubles_ = 0;
};

TEST_F(Callbacks, EndWithAStopThoughAHandlerRunsOn) {
  bool handling = false;
  const auto bus = make([&](const Placed&) {
    handling = true;
    executor_->sleep_until(executor_->now() + 30s);
  });
  ASSERT_TRUE(bus->publish(Placed{"alice", 1}));
  ASSERT_TRUE(executor_->run_until([&] { return handling; }, 5s));
  EXPECT_FALSE(bus->stop(executor_->now() + 1s));
  const int observed = observed_;
  const int troubles = troubles_;
  EXPECT_GT(observed, 0);
  executor_->run_for(60s);
  EXPECT_EQ(observed_, observed);
  EXPECT_EQ(troubles_, troubles);
}

TEST_F(Callbacks, AreWaitedForByWhoClosesTheGate) {
  const auto gate = std::make_shared<CallbackGate>(executor_);
  const Time start = executor_->now();
  const auto caller = executor_->spawn("caller", [&] { gate->pass([&] { executor_->sleep_until(start + 2s); }); });
  executor_->run_for(1ms);
  EXPECT_FALSE(gate->close({*executor_, start + 1s})) << "no longer than it is told";
  EXPECT_TRUE(gate->close({*executor_, start + 10s}));
  EXPECT_EQ(executor_->now(), start + 2s);
  gate->pass([&] { ADD_FAILURE() << "it is closed"; });
}

// What hangs in the transport is answered when the bus goes, once.
TEST_F(Callbacks, EndWithTheBusThoughTheTransportHangs) {
  auto bus = make([](const Placed&) {});
  executor_->run_for(100ms);
  broker_->inject({.point = memory::FaultPoint::publish, .harm = memory::Harm::hang});
  std::vector<Result<void>> answers;
  bus->publish_async(Placed{"alice", 1}, {}, [&](Result<void> answer) { answers.push_back(std::move(answer)); });
  executor_->run_for(100ms);
  bus.reset();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].error().kind, ErrorKind::unavailable);
  const int observed = observed_;
  executor_->run_for(60s);
  EXPECT_EQ(answers.size(), 1u);
  EXPECT_EQ(observed_, observed);
}

}  // namespace
}  // namespace tidings::service
