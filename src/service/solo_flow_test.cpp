// P5: a crash ends the whole process, so a suspect runs with nothing beside it, of whatever subscription.
#include <gmock/gmock.h>

#include "service/sample_service.hpp"
#include "tidings/bus.hpp"
#include "tidings/testing/simulated_executor.hpp"
#include "transport/memory/memory_broker.hpp"

namespace tidings::service {
namespace {

using namespace std::chrono_literals;

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

  // Leaves a suspect behind.
  void die_of_an_order() {
    outside_ = std::make_unique<Bus>(broker_->open("outside"), executor_, BusOptions{.name = "outside"});
    outside_->publishes<Placed>();
    outside_->publishes<Paid>();
    ASSERT_TRUE(outside_->start());
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
