// P4: who was cut off is refused, and comes back as a new owner.
#include <set>

#include "transport/local/store/reaping.hpp"
#include "transport/local/store_lab.hpp"
#include "transport/local/tables/holdings.hpp"
#include "transport/local/tables/parked_table.hpp"
#include "transport/local/tables/subscriptions.hpp"

namespace tidings::local {
namespace {

using transport::Accept;
using transport::Delivery;
using transport::Notice;

// While it lives, the store's warden is busy with it: no member hears that it was cut off.
class BusyWarden final {
 public:
  explicit BusyWarden(Store& store) {
    store.listen(errand_);
    errand_->asked.wait(false);
  }
  ~BusyWarden() {
    errand_->done = true;
    errand_->done.notify_all();
  }
  BusyWarden(const BusyWarden&) = delete;
  BusyWarden& operator=(const BusyWarden&) = delete;

 private:
  struct Errand final : StoreListener {
    void rang(Changes) override {}
    Time review() override {
      asked = true;
      asked.notify_all();
      done.wait(false);
      return kNever;
    }
    std::atomic<bool> asked = false;
    std::atomic<bool> done = false;
  };

  const std::shared_ptr<Errand> errand_ = std::make_shared<Errand>();
};

class CutOffTest : public StoreLab {
 protected:
  // As if the processes of all members had died.
  void cut_all_off() {
    Store& opened = store();
    ASSERT_TRUE(opened.committer().perform([&](Commit& commit) -> Result<void> {
      for (const MemberRow& member : all_members(commit.transaction())) reap(commit, directory_, member);
      return {};
    }));
  }
};

TEST_F(CutOffTest, RefusesWhatItSettlesAndPublishesAndThenGoesOn) {
  declare({.name = "orders", .partitions = 1});
  declare({.name = "payments", .partitions = 1});
  publish(0, 3);
  const auto consumer = join({.group = "g", .topic = "orders"});
  const auto before = receive(*consumer, 3);
  consumer->running()[0] = before[1].token;
  cut_all_off();
  const auto results =
      settle_now(*consumer, *executor_,
                 {{.token = before[0].token, .outcome = Accept{}, .publishes = {numbered(7, 10, "payments")}}});
  ASSERT_FALSE(results[0]);
  EXPECT_EQ(results[0].error().kind, ErrorKind::conflict);
  EXPECT_EQ(kept("payments"), 0u);

  std::vector<Delivery> again;
  bool lost = false;
  const Time deadline = late();
  while (again.size() < 3 && executor_->now() < deadline) {
    auto batch = consumer->receive(10, deadline).value();
    for (const Notice& notice : batch.notices) lost = lost || notice.kind == Notice::Kind::lost;
    std::move(batch.deliveries.begin(), batch.deliveries.end(), std::back_inserter(again));
  }
  EXPECT_TRUE(lost);
  ASSERT_EQ(again.size(), 3u);
  EXPECT_FALSE(again[0].suspect);
  EXPECT_TRUE(again[1].suspect) << "it stood on the board";
  EXPECT_NE(again[0].token, before[0].token);
  EXPECT_EQ(settle(*consumer, {before[0]})[0].error().kind, ErrorKind::conflict) << "a late settlement";
  for (const auto& result : settle(*consumer, again)) EXPECT_TRUE(result);
}

// The warden looks at what is ours, and claims what is nobody's: cut off in between, it claims what it took for ours.
TEST_F(CutOffTest, IsToldOfItWhenItHappensBetweenALookAndAClaim) {
  declare({.name = "orders", .partitions = 2});
  const auto consumer = join({.group = "g", .topic = "orders"});
  std::set<std::int32_t> lost;
  std::set<std::int32_t> assigned;
  const auto hear_until = [&](const std::set<std::int32_t>& heard, std::int32_t partition) {
    const Time deadline = late();
    while (!heard.contains(partition) && executor_->now() < deadline) {
      const auto batch = consumer->receive(1, deadline).value();
      for (const Notice& notice : batch.notices) {
        auto& kind = notice.kind == Notice::Kind::lost ? lost : assigned;
        for (const auto& id : notice.partitions) kind.insert(id.partition);
      }
    }
    ASSERT_TRUE(heard.contains(partition));
  };
  hear_until(assigned, 1);

  std::atomic<bool> begun = false;
  std::atomic<bool> cut = false;
  auto busy = std::make_unique<BusyWarden>(store());
  ASSERT_TRUE(store().committer().perform([&](Commit& commit) -> Result<void> {
    const MemberRow member = all_members(commit.transaction()).at(0);
    put_owner(commit.transaction(), member.subscription, 1, {.member = 0, .epoch = 1});
    commit.announce(kMembersChanged);
    return {};
  }));
  const auto cutting = executor_->spawn("cutting", [&] {
    EXPECT_TRUE(store().committer().perform([&](Commit& commit) -> Result<void> {
      begun = true;
      begun.notify_all();
      cut.wait(false);
      for (const MemberRow& member : all_members(commit.transaction())) reap(commit, directory_, member);
      return {};
    }));
  });
  begun.wait(false);
  assigned.clear();
  busy.reset();
  hear_until(lost, 1);  // it has looked, and its claim waits for the writer
  cut = true;
  cut.notify_all();
  hear_until(assigned, 0);
  EXPECT_TRUE(lost.contains(0));
}

// The store knows it before the member does: what counts is what stands there when the settlement is stored.
TEST_F(CutOffTest, RefusesWhatComesBeforeTheMemberHasHeardOfIt) {
  declare({.name = "orders", .partitions = 1});
  declare({.name = "payments", .partitions = 1});
  publish(0, 1);
  const auto consumer = join({.group = "g", .topic = "orders"});
  const auto before = receive(*consumer, 1);
  const BusyWarden busy{store()};
  cut_all_off();
  const auto results =
      settle_now(*consumer, *executor_,
                 {{.token = before[0].token, .outcome = Accept{}, .publishes = {numbered(7, 10, "payments")}}});
  ASSERT_FALSE(results[0]);
  EXPECT_EQ(results[0].error().kind, ErrorKind::conflict);
  EXPECT_EQ(kept("payments"), 0u);
}

TEST_F(CutOffTest, ASuspicionSurvivesASecondCrash) {
  declare({.name = "orders", .partitions = 1});
  publish(0, 2);
  const auto consumer = join({.group = "g", .topic = "orders"});
  const auto before = receive(*consumer, 2);
  consumer->running()[0] = before[0].token;
  cut_all_off();
  consumer->running()[0] = 0;
  // It is handed out again, and not run when the next crash comes.
  ASSERT_EQ(receive(*consumer, 2).size(), 2u);
  cut_all_off();
  const auto again = receive(*consumer, 2);
  ASSERT_EQ(again.size(), 2u);
  EXPECT_TRUE(again[0].suspect);
  EXPECT_FALSE(again[1].suspect);
  settle(*consumer, again);
}

TEST_F(CutOffTest, AParkedOneBecomesSuspectToo) {
  declare({.name = "orders", .partitions = 1});
  publish(0, 1);
  const auto consumer = join({.group = "g", .topic = "orders"});
  const auto first = receive(*consumer, 1);
  const transport::Attempts attempts{.failed = 1, .due = executor_->now()};
  settle(*consumer, first, transport::Retry{.order = transport::RetryOrder::relaxed, .attempts = attempts});
  const auto retried = receive(*consumer, 1);
  ASSERT_EQ(retried.size(), 1u);
  settle(*consumer, retried, transport::Mark{.crashes = 2});
  consumer->running()[0] = retried[0].token;
  cut_all_off();
  const auto again = receive(*consumer, 1);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_TRUE(again[0].suspect);
  EXPECT_EQ(again[0].attempts.failed, 1);
  EXPECT_EQ(again[0].attempts.crashes, 2);
  settle(*consumer, again);
  EXPECT_EQ(transport_->operations().topology->lag()->at(0).unsettled, 0u);
}

// P2: whatever brought it here a second time, it is settled once.
TEST_F(CutOffTest, AParkedOneIsSettledOnce) {
  declare({.name = "orders", .partitions = 1});
  publish(0, 1);
  const auto consumer = join({.group = "g", .topic = "orders"});
  const transport::Attempts attempts{.failed = 1, .due = executor_->now()};
  settle(*consumer, receive(*consumer, 1),
         transport::Retry{.order = transport::RetryOrder::relaxed, .attempts = attempts});
  const auto retried = receive(*consumer, 1);
  ASSERT_TRUE(store().committer().perform([&](Commit& commit) -> Result<void> {
    const auto group = find_group(commit.transaction(), "g");
    erase_parked(commit.transaction(), {.group = *group, .partition = 0, .id = number_of(retried[0].token)});
    return {};
  }));
  const auto again =
      settle_now(*consumer, *executor_, {{.token = retried[0].token, .publishes = {numbered(1, 10, "orders")}}});
  ASSERT_FALSE(again[0]);
  EXPECT_EQ(again[0].error().kind, ErrorKind::conflict);
  EXPECT_EQ(kept("orders"), 1u);
}

// P9: nothing is kept of what is settled.
TEST_F(CutOffTest, LeavesNoAttemptsOfWhatIsRetriedAndSettledAtOnce) {
  declare({.name = "orders", .partitions = 1});
  publish(0, 1);
  const auto consumer = join({.group = "g", .topic = "orders"});
  const auto delivery = receive(*consumer, 1).at(0);
  for (const auto& settled : settle_now(*consumer, *executor_,
                                        {{.token = delivery.token, .outcome = transport::Retry{}},
                                         {.token = delivery.token, .outcome = Accept{}}})) {
    ASSERT_TRUE(settled);
  }
  ReadTransaction transaction{store().environment()};
  EXPECT_FALSE(TreeCursor(transaction, Tree::attempts).last());
}

// A member that finds nothing of its own stores how far it read, so that its successor need not read all of it again.
TEST_F(CutOffTest, AMemberWithoutEventsStoresHowFarItRead) {
  declare({.name = "orders", .partitions = 1});
  declare({.name = "payments", .partitions = 1});
  const auto consumer = join({.group = "g", .topic = "payments"});
  constexpr int kBatch = 10'000;
  for (int first = 0; first < static_cast<int>(kCheckpointEvery) + 2 * kBatch; first += kBatch) {
    ASSERT_EQ(publish(first, kBatch, 1), kBatch);
  }
  const auto settled_to = [&]() -> Sequence {
    ReadTransaction transaction{store().environment()};
    const auto group = find_group(transaction, "g");
    const auto progress = load_progress(transaction, {.group = *group, .partition = 0, .topic = 2});
    return progress ? progress->settled_to : 0;
  };
  EXPECT_TRUE(eventually([&] {
    EXPECT_TRUE(consumer->receive(10, executor_->now() + 10ms).value().deliveries.empty());
    return settled_to() > kCheckpointEvery / 2;
  }));
}

}  // namespace
}  // namespace tidings::local
