// P5: a crash ends the whole process, so a suspect runs with nothing beside it, of whatever subscription.
#include <gmock/gmock.h>

#include "service/sample_service.hpp"
#include "tidings/bus.hpp"
#include "tidings/testing/simulated_executor.hpp"
#include "transport/memory/memory_broker.hpp"

namespace tidings::service {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

class SoloFlow : public ::testing::Test {
 protected:
  // Its handler of orders kills the process in the first run of all; that of payments just takes its time.
  std::unique_ptr<Bus> start(const std::string& process) {
    auto bus =
        std::make_unique<Bus>(broker_->open(process), executor_, BusOptions{.name = "shop", .instance = process});
    bus->on<Placed>([this, process](const Placed&, Context&) {
      if (!std::exchange(died_, true)) return broker_->crash(process);
      EXPECT_EQ(inside_, 0) << "the suspect began beside a payment";
      suspect_inside_ = true;
      executor_->sleep_until(executor_->now() + 3s);
      suspect_inside_ = false;
      ++placed_;
    });
    bus->on<Paid>(
        [this](const Paid&, Context&) {
          EXPECT_FALSE(suspect_inside_) << "a payment began beside the suspect";
          ++inside_;
          executor_->sleep_until(executor_->now() + 1s);
          --inside_;
          ++paid_;
        },
        {.concurrency = 4});
    const auto started = bus->start();
    EXPECT_TRUE(started) << started.error().message;
    return bus;
  }

  void start_outside() {
    outside_ = std::make_unique<Bus>(broker_->open("outside"), executor_, BusOptions{.name = "outside"});
    outside_->publishes<Placed>();
    outside_->publishes<Paid>();
    ASSERT_TRUE(outside_->start());
  }

  // Leaves a suspect behind.
  void die_of_an_order() {
    start_outside();
    const auto first = start("first");
    ASSERT_TRUE(outside_->publish(Placed{"a", 1}, {.aggregate_id = "a"}));
    ASSERT_TRUE(executor_->run_until([this] { return died_; }, 1min));
  }

  std::shared_ptr<testing::SimulatedExecutor> executor_ = std::make_shared<testing::SimulatedExecutor>(7);
  std::shared_ptr<memory::MemoryBroker> broker_ = memory::MemoryBroker::make(executor_);
  std::unique_ptr<Bus> outside_;
  bool died_ = false;
  bool suspect_inside_ = false;
  int inside_ = 0;  // handlers of payments
  int placed_ = 0;
  int paid_ = 0;
};

TEST_F(SoloFlow, ASuspectRunsBesideNoHandlerOfItsProcess) {
  die_of_an_order();

  constexpr int kPaid = 12;
  for (int i = 0; i < kPaid; ++i) ASSERT_TRUE(outside_->publish(Paid{i}, {.aggregate_id = "p" + std::to_string(i)}));
  const auto second = start("second");
  EXPECT_TRUE(executor_->run_until([this] { return placed_ == 1 && paid_ == kPaid; }, 1min));
}

// Its mark stands until then, and would charge it with the death of whoever ran next.
class SoloFlowOfSeeds : public SoloFlow, public ::testing::WithParamInterface<int> {
 protected:
  SoloFlowOfSeeds() {
    executor_ = std::make_shared<testing::SimulatedExecutor>(static_cast<std::uint64_t>(GetParam()));
    broker_ = memory::MemoryBroker::make(executor_);
  }
};

TEST_P(SoloFlowOfSeeds, TheNextSuspectWaitsUntilTheLastOneIsSettled) {
  int begun = 0;
  int accepted = 0;
  const auto run = [&](const std::string& process) {
    BusOptions options{.name = "shop", .instance = process};
    options.observers = {[&](const Decision& decision) { accepted += decision.step == Step::accepted ? 1 : 0; }};
    auto bus = std::make_unique<Bus>(broker_->open(process), executor_, std::move(options));
    const auto handle = [&, process](const Placed&, Context&) {
      ++begun;
      EXPECT_TRUE(begun < 4 || accepted == 1) << "the last suspect is not settled";
      executor_->sleep_until(executor_->now() + 1s);
      if (process == "first") broker_->crash(process);
    };
    bus->on<Placed>(handle, {.concurrency = 2});
    EXPECT_TRUE(bus->start());
    return bus;
  };
  start_outside();
  const auto first = run("first");
  for (const char* key : {"a", "b"}) ASSERT_TRUE(outside_->publish(Placed{key, 1}, {.aggregate_id = key}));
  ASSERT_TRUE(executor_->run_until([&] { return !broker_->lives("first"); }, 1min));
  ASSERT_EQ(begun, 2) << "both stood on the board";

  // The first one's mark passes, what comes next does not at once.
  broker_->inject({.point = memory::FaultPoint::settle, .process = "second", .skip = 1, .times = 2});
  const auto second = run("second");
  EXPECT_TRUE(executor_->run_until([&] { return accepted == 2; }, 1min));
  EXPECT_EQ(begun, 4);
}

INSTANTIATE_TEST_SUITE_P(Seeds, SoloFlowOfSeeds, ::testing::Range(1, 9));

// P4: it went to others, and what waits behind it in its key with it.
TEST_F(SoloFlow, NothingOvertakesASuspectWhoseMarkIsRefused) {
  std::vector<std::string> runs;
  const auto run = [&](const std::string& process) {
    auto bus =
        std::make_unique<Bus>(broker_->open(process), executor_, BusOptions{.name = "shop", .instance = process});
    bus->on<Placed>([&, process](const Placed& placed) {
      runs.push_back(process + " " + std::to_string(placed.count));
      if (process == "first") broker_->crash(process);
    });
    EXPECT_TRUE(bus->start());
    return bus;
  };
  start_outside();
  const auto first = run("first");
  ASSERT_TRUE(outside_->publish(Placed{"a", 1}, {.aggregate_id = "a"}));
  ASSERT_TRUE(executor_->run_until([&] { return !broker_->lives("first"); }, 1min));
  ASSERT_TRUE(outside_->publish(Placed{"a", 2}, {.aggregate_id = "a"}));

  broker_->inject({.point = memory::FaultPoint::settle, .harm = memory::Harm::cut_off, .process = "second"});
  const auto second = run("second");
  executor_->run_for(1min);
  EXPECT_THAT(runs, ElementsAre("first 1"));
  const auto third = run("third");
  executor_->run_for(1min);
  EXPECT_THAT(runs, ElementsAre("first 1", "third 1", "third 2"));
}

// P8, P4: a suspect of one group hangs, and behind it one of another waits. The drain gives up, and others get both.
TEST_F(SoloFlow, NoHandlerStartsAfterItsSubscriptionWasLeft) {
  die_of_an_order();

  const auto second = start("second");
  ASSERT_TRUE(executor_->run_until([this] { return suspect_inside_; }, 1min));
  ASSERT_TRUE(outside_->publish(Paid{1}, {.aggregate_id = "p"}));
  executor_->run_for(1s);
  EXPECT_FALSE(second->stop(executor_->now() + 100ms));
  executor_->run_for(1min);
  EXPECT_EQ(placed_, 1) << "what was inside is left alone";
  EXPECT_EQ(paid_, 0);
}

}  // namespace
}  // namespace tidings::service
