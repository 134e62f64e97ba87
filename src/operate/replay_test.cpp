#include "operate/replay.hpp"

#include <gmock/gmock.h>

#include "operate/canned_transport.hpp"
#include "tidings/testing/simulated_executor.hpp"

namespace tidings::operate {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using tidings::testing::SimulatedExecutor;

constexpr Time kStart = SimulatedExecutor::kStart - 1h;

class Replay : public ::testing::Test {
 protected:
  Replay() {
    canned_->topics = {{.name = "orders"}, {.name = "payments"}};
    canned_->groups = {{.name = "audit", .pattern = "#", .topics = {"orders", "payments"}},
                       {.name = "billing", .topic = "payments", .topics = {"payments"}}};
    for (int i = 0; i < 3'000; ++i) {
      canned_->records.push_back({.record = {.topic = "orders", .key = i % 2 == 0 ? "even" : "odd"},
                                  .position = {0, i},
                                  .published = kStart + i * 1s});
    }
  }

  Result<ReplayPlan> plan(const ReplayRequest& request) { return plan_replay(transport_, *executor_, request); }

  std::shared_ptr<SimulatedExecutor> executor_ = std::make_shared<SimulatedExecutor>(1);
  std::shared_ptr<Canned> canned_ = std::make_shared<Canned>();
  CannedTransport transport_{canned_};
  ReplayRequest audit_{.group = Group{"audit"}, .topic = Topic{"orders"}};
};

// A37: the plan counts, and changes nothing.
TEST_F(Replay, PlansBeforeItActs) {
  const auto all = plan(audit_);
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_EQ(all->events, 3'000u);
  EXPECT_EQ(all->to, executor_->now());
  audit_.from = kStart + 10s;
  audit_.to = kStart + 20s;
  EXPECT_EQ(plan(audit_)->events, 10u);
  audit_.key = Key{"even"};
  EXPECT_EQ(plan(audit_)->events, 5u);
  EXPECT_THAT(plan(audit_)->notes, SizeIs(1));
  EXPECT_THAT(plan(audit_)->notes[0], HasSubstr("inbox drops"));
}

TEST_F(Replay, HandsThePlannedRangeOver) {
  audit_.to = kStart + 20s;
  const auto done = replay(transport_, executor_, *plan(audit_));
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->replayed, 20u);
  EXPECT_EQ(done->replay_id, "");
}

TEST_F(Replay, HasAnIdOfItsOwnWithAgain) {
  audit_.again = Again::yes;
  const auto first = replay(transport_, executor_, *plan(audit_));
  EXPECT_THAT(first->replay_id, SizeIs(36));
  EXPECT_EQ(canned_->replay_id, first->replay_id);
}

TEST_F(Replay, RefusesWhatCannotBe) {
  audit_.topic = Topic{"order"};
  EXPECT_THAT(plan(audit_).error().message, HasSubstr("there is no topic 'order'"));
  audit_.topic = Topic{"orders"};
  audit_.group = Group{"billing"};
  EXPECT_EQ(plan(audit_).error().message, "the group 'billing' does not read the topic 'orders'; these do: audit");
  audit_.group = Group{"audit"};
  audit_.from = kStart + 20s;
  audit_.to = kStart + 20s;
  EXPECT_THAT(plan(audit_).error().message, HasSubstr("--to must be later"));
}

}  // namespace
}  // namespace tidings::operate
