// P9: what waits to be settled is bounded, and whoever adds to it waits for room.
#include "service/settle/settler.hpp"

#include <gmock/gmock.h>

#include <deque>
#include <vector>

#include "tidings/testing/simulated_executor.hpp"

namespace tidings::service {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::Pair;
using tidings::testing::SimulatedExecutor;
using transport::Settlement;

// Answers only once it is told to.
class GatedConsumer final : public transport::Consumer {
 public:
  struct Call {
    std::vector<Settlement> settlements;
    Settled settled;
  };

  // Answers the call that has waited longest: the first so many of it are refused for now.
  void answer(std::size_t refused = 0) {
    std::unique_lock lock{mutex_};
    Call call = std::move(calls_.front());
    calls_.pop_front();
    lock.unlock();
    for (std::size_t i = 0; i < call.settlements.size(); ++i) {
      call.settled(i, i < refused ? Result<void>{unavailable("not now")} : Result<void>{});
    }
  }
  void open() {
    open_ = true;
    while (waiting() > 0) answer();
  }
  std::size_t settled() const { return settled_; }
  std::size_t waiting() {
    const std::lock_guard lock{mutex_};
    return calls_.size();
  }
  // What each call so far began with, and how long it was.
  const std::vector<std::pair<std::uint64_t, std::size_t>>& calls() const { return seen_; }

  Result<transport::Batch> receive(std::size_t, Time) override { return transport::Batch{}; }
  void settle(std::vector<Settlement> settlements, Settled settled) override {
    {
      const std::lock_guard lock{mutex_};
      settled_ += settlements.size();
      seen_.emplace_back(settlements.front().token, settlements.size());
      calls_.push_back({std::move(settlements), std::move(settled)});
    }
    if (open_) answer();
  }
  void set_flow(std::span<const transport::PartitionId>, Flow) override {}
  void wake() override {}

 private:
  std::mutex mutex_;
  bool open_ = false;
  std::deque<Call> calls_;
  std::vector<std::pair<std::uint64_t, std::size_t>> seen_;
  std::size_t settled_ = 0;
};

class SettlerTest : public ::testing::Test {
 protected:
  SettlerTest() { settler_.start(); }

  static SettlingPtr bulky(std::size_t bytes) {
    auto settling = std::make_unique<Settling>();
    settling->verdict.outcome = transport::Accept{};
    settling->publishes.push_back({.topic = "t", .body = std::string(bytes, 'x')});
    return settling;
  }

  enum class Publishes { no, yes };
  static SettlingPtr numbered(std::uint64_t token, Publishes publishes) {
    auto settling = publishes == Publishes::yes ? bulky(1) : std::make_unique<Settling>();
    settling->delivery.token = token;
    return settling;
  }

  std::shared_ptr<SimulatedExecutor> executor_ = std::make_shared<SimulatedExecutor>(1);
  const std::string service_ = "shop";
  std::vector<Step> steps_;  // announced
  const std::vector<Observer> observers_{[this](const Decision& decision) { steps_.push_back(decision.step); }};
  const SubscriptionPlan plan_;
  const Announcer announcer_{service_, plan_, observers_, *executor_};
  GatedConsumer consumer_;
  Health health_{"shop orders", {}};
  Blanks blanks_;
  Settler settler_{executor_, consumer_, plan_, announcer_, health_, blanks_};
};

// A hold that became relaxed is a failed run like any other, which whoever counts those must see, too.
TEST_F(SettlerTest, AnnouncesARelaxedHoldAndTheRetryThatItIs) {
  auto settling = std::make_unique<Settling>();
  settling->verdict = {.step = Step::relaxed_hold,
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
    for (; added < count; ++added) settler_.add(std::make_unique<Settling>());
  });
  executor_->run_for(1min);
  EXPECT_GE(added, kUnsettledMax);
  EXPECT_LE(added, kUnsettledMax + kBatchesUnderWayMax * kSettleBatchMax) << "so many are under way";
  EXPECT_EQ(consumer_.waiting(), kBatchesUnderWayMax);
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
    for (std::size_t i = 0; i < 2 * kUnsettledMax; ++i) settler_.add(std::make_unique<Settling>());
  });
  executor_->run_for(1min);
  const auto opener = executor_->spawn("opener", [&] {
    executor_->sleep_until(executor_->now() + 1s);
    consumer_.open();
  });
  settler_.close();
  EXPECT_LE(consumer_.settled(), kBatchesUnderWayMax * kSettleBatchMax) << "the rest is settled by its next owner";
}

// P4: the transport keeps the order of what is published within a call only.
TEST_F(SettlerTest, PublishesWithOneCallAtATime) {
  settler_.add(numbered(1, Publishes::yes));
  executor_->run_for(kSettleApart);
  settler_.add(numbered(2, Publishes::no));
  executor_->run_for(kSettleApart);
  settler_.add(numbered(3, Publishes::no));
  settler_.add(numbered(4, Publishes::yes));
  settler_.add(numbered(5, Publishes::no));
  executor_->run_for(kSettleApart);
  EXPECT_THAT(consumer_.calls(), ElementsAre(Pair(1, 1), Pair(2, 1), Pair(3, 1)));
  consumer_.answer();
  executor_->run_for(kSettleApart);
  EXPECT_THAT(consumer_.calls(), ElementsAre(Pair(1, 1), Pair(2, 1), Pair(3, 1), Pair(4, 2)));
  consumer_.open();
}

// P5: a retry that is refused for now must not come after what became of its delivery then.
TEST_F(SettlerTest, SettlesNothingOfADeliveryWhoseRetryIsUnderWay) {
  SettlingPtr retry = numbered(1, Publishes::no);
  retry->verdict.outcome = transport::Retry{.attempts = {.failed = 1}};
  settler_.add(std::move(retry));
  settler_.add(numbered(1, Publishes::no));
  settler_.add(numbered(2, Publishes::no));
  executor_->run_until_idle();
  EXPECT_THAT(consumer_.calls(), ElementsAre(Pair(1, 1)));
  consumer_.answer(1);
  executor_->run_for(1s);
  EXPECT_THAT(consumer_.calls(), ElementsAre(Pair(1, 1), Pair(1, 1))) << "the retry again, alone";
  consumer_.answer();
  executor_->run_until_idle();
  EXPECT_THAT(consumer_.calls(), ElementsAre(Pair(1, 1), Pair(1, 1), Pair(1, 2)));
  consumer_.open();
}

// A thread that is woken for each event costs more than most handlers do.
TEST_F(SettlerTest, GathersForAMomentUnlessItWasIdle) {
  settler_.add(numbered(1, Publishes::no));
  executor_->run_until_idle();
  for (const std::uint64_t token : {2, 3, 4}) settler_.add(numbered(token, Publishes::no));
  executor_->run_until_idle();
  EXPECT_THAT(consumer_.calls(), ElementsAre(Pair(1, 1)));
  executor_->run_for(kSettleApart);
  EXPECT_THAT(consumer_.calls(), ElementsAre(Pair(1, 1), Pair(2, 3)));
  settler_.add(numbered(5, Publishes::no));
  const auto waiter = executor_->spawn("waiter", [&] { settler_.wait_settled(); });
  executor_->run_until_idle();
  EXPECT_THAT(consumer_.calls(), ElementsAre(Pair(1, 1), Pair(2, 3), Pair(5, 1))) << "somebody waits for it";
  consumer_.open();
  executor_->run_until_idle();
}

// What is refused for now comes before all that was not sent yet.
TEST_F(SettlerTest, TriesAgainInOrder) {
  settler_.add(numbered(1, Publishes::yes));
  executor_->run_for(kSettleApart);
  settler_.add(numbered(2, Publishes::no));
  executor_->run_for(kSettleApart);
  consumer_.answer(1);
  settler_.add(numbered(3, Publishes::yes));
  executor_->run_for(kSettleApart);
  EXPECT_EQ(consumer_.calls().size(), 2u) << "what is under way may be refused, too";
  consumer_.answer(1);
  executor_->run_for(1s);
  EXPECT_THAT(consumer_.calls(), ElementsAre(Pair(1, 1), Pair(2, 1), Pair(1, 3)));
  consumer_.open();
  executor_->run_for(kSettleApart);
  EXPECT_EQ(steps_.size(), 3u + 2u) << "three settled, two published";
}

// P8: a drain gives back what waits, and waits for nobody.
TEST_F(SettlerTest, TakesBackWithoutWaitingForRoom) {
  const auto adder = executor_->spawn("adder", [&] {
    for (std::size_t i = 0; i < 2 * kUnsettledMax; ++i) settler_.add(std::make_unique<Settling>());
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
