// P9: what waits to be settled is bounded, and whoever adds to it waits for room.
#include "service/settler.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "tidings/testing/simulated_executor.hpp"

namespace tidings::service {
namespace {

using namespace std::chrono_literals;
using tidings::testing::SimulatedExecutor;
using transport::Settlement;

// Settles only while it is told to.
class GatedConsumer final : public transport::Consumer {
 public:
  explicit GatedConsumer(Executor& executor) : executor_{executor}, changed_{executor.condition()} {}

  void open() {
    const std::lock_guard lock{mutex_};
    open_ = true;
    changed_->notify_all();
  }
  std::size_t settled() const { return settled_; }

  Result<transport::Batch> receive(std::size_t, Time) override { return transport::Batch{}; }
  std::vector<Result<void>> settle(std::vector<Settlement> settlements) override {
    std::unique_lock lock{mutex_};
    changed_->wait_until(lock, kNever, executor_, [this] { return open_; });
    settled_ += settlements.size();
    return std::vector<Result<void>>(settlements.size());
  }
  void set_flow(std::span<const transport::PartitionId>, Flow) override {}
  void wake() override {}

 private:
  Executor& executor_;
  std::mutex mutex_;
  std::unique_ptr<Condition> changed_;
  bool open_ = false;
  std::size_t settled_ = 0;
};

class SettlerTest : public ::testing::Test {
 protected:
  SettlerTest() { settler_.start(); }

  static Settling bulky(std::size_t bytes) {
    Settling settling;
    settling.verdict.outcome = transport::Accept{};
    settling.publishes.push_back({.topic = "t", .body = std::string(bytes, 'x')});
    return settling;
  }

  std::shared_ptr<SimulatedExecutor> executor_ = std::make_shared<SimulatedExecutor>(1);
  const std::string service_ = "shop";
  std::vector<Step> steps_;  // announced
  const std::vector<Observer> observers_{[this](const Decision& decision) { steps_.push_back(decision.step); }};
  const SubscriptionPlan plan_;
  const Announcer announcer_{service_, plan_, observers_, *executor_};
  GatedConsumer consumer_{*executor_};
  Health health_{"shop orders", {}};
  Settler settler_{executor_, consumer_, plan_, announcer_, health_};
};

// A hold that became relaxed is a failed run like any other, which whoever counts those must see, too.
TEST_F(SettlerTest, AnnouncesARelaxedHoldAndTheRetryThatItIs) {
  Settling settling;
  settling.verdict = {.step = Step::relaxed_hold,
                      .reason = Reason::failed,
                      .outcome = transport::Retry{.order = transport::RetryOrder::relaxed, .attempts = {}}};
  settler_.add(std::move(settling));
  consumer_.open();
  executor_->run_until_idle();
  EXPECT_EQ(steps_, (std::vector{Step::relaxed_hold, Step::retrying}));
}

TEST_F(SettlerTest, LetsWhoeverAddsWaitWhenTooManyAreUnsettled) {
  const std::size_t count = kUnsettledMax + 2 * kSettleBatchMax;
  std::size_t added = 0;
  const auto adder = executor_->spawn("adder", [&] {
    for (; added < count; ++added) settler_.add(Settling{});
  });
  executor_->run_for(1min);
  EXPECT_GE(added, kUnsettledMax);
  EXPECT_LE(added, kUnsettledMax + kSettleBatchMax) << "one batch is on its way";
  consumer_.open();
  executor_->run_for(1min);
  EXPECT_EQ(added, count);
  EXPECT_EQ(consumer_.settled(), count);
}

TEST_F(SettlerTest, LetsWhoeverAddsWaitWhenTooMuchIsUnsettled) {
  constexpr std::size_t kBytes = kUnsettledBytesMax / 4;
  std::size_t added = 0;
  const auto adder = executor_->spawn("adder", [&] {
    for (; added < 10; ++added) settler_.add(bulky(kBytes));
  });
  executor_->run_for(1min);
  EXPECT_EQ(added, 4u) << "what is on its way counts, too";
  consumer_.open();
  executor_->run_for(1min);
  EXPECT_EQ(consumer_.settled(), 10u);
}

TEST_F(SettlerTest, ItsEndIsNotHeldUpByThoseWhoWait) {
  const auto adder = executor_->spawn("adder", [&] {
    for (std::size_t i = 0; i < 2 * kUnsettledMax; ++i) settler_.add(Settling{});
  });
  executor_->run_for(1min);
  const auto opener = executor_->spawn("opener", [&] {
    executor_->sleep_until(executor_->now() + 1s);
    consumer_.open();
  });
  settler_.close();
  EXPECT_LE(consumer_.settled(), kSettleBatchMax) << "the rest is settled by whoever gets it next";
}

// P8: a drain gives back what waits, and waits for nobody.
TEST_F(SettlerTest, TakesBackWithoutWaitingForRoom) {
  const auto adder = executor_->spawn("adder", [&] {
    for (std::size_t i = 0; i < 2 * kUnsettledMax; ++i) settler_.add(Settling{});
  });
  executor_->run_for(1min);
  bool released = false;
  const auto drain = executor_->spawn("drain", [&] {
    settler_.release(std::vector<transport::Delivery>(3));
    released = true;
  });
  executor_->run_for(1s);
  EXPECT_TRUE(released);
  consumer_.open();
}

}  // namespace
}  // namespace tidings::service
