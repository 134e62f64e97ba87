// Subscriptions with an inbox: groups of deliveries in one transaction (P7, A8).
#include <gmock/gmock.h>

#include <map>
#include <set>

#include "service/sample_service.hpp"
#include "tidings/testing/harness.hpp"
#include "tidings/testing/simulated_executor.hpp"
#include "transport/memory/memory_broker.hpp"

namespace tidings::service {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using tidings::testing::Harness;

const RetryPolicy kQuick{.attempts_max = 3, .delay_first = 1s, .factor = 2.0, .jitter = 0};

PublishOptions of(std::string aggregate, std::string id = {}) {
  return {.id = std::move(id), .aggregate_id = std::move(aggregate)};
}

constexpr Duration kCommitTakes = 5ms;

// What handlers write: their effect.
using Ledger = std::vector<std::string>;
// Writing it ends the transaction, or has the commit refused.
constexpr const char* kRollBack = "rollback";
constexpr const char* kBreaksConstraint = "breaks a constraint";

// An inbox of this test: the ledger and the marks are its database, a transaction works on a copy.
class LedgerInbox final : public Inbox {
 public:
  struct Mark {
    std::uint64_t digest = 0;
    std::vector<transport::Record> unconfirmed;
  };
  struct Store {
    Ledger ledger;
    std::map<std::string, Mark> marks;
  };

  Result<std::string> store_id() override { return name; }
  const InboxLimits& limits() const override { return limits_; }
  Result<std::unique_ptr<InboxTransaction>> begin(Time) override;
  void confirmed(std::string_view, std::string_view event_id, std::string_view) override {
    confirmed_ids.emplace(event_id);
    const auto mark = store.marks.find(std::string{event_id});
    if (mark != store.marks.end()) mark->second.unconfirmed.clear();
  }

  std::string name = "ledger-1";
  Store store;
  std::set<std::string> confirmed_ids;
  std::vector<std::size_t> groups;  // sizes of what was committed
  int failing_commits = 0;
  Executor* executor = nullptr;  // commits take time on it
  Duration begin_takes{};        // as long as another one has the database
  InboxLimits limits_;
};

class LedgerTransaction final : public InboxTransaction {
 public:
  explicit LedgerTransaction(LedgerInbox& inbox) : inbox_{inbox}, store_{inbox.store} {}

  Result<Admission> admit(const InboxKey& key) override {
    id_ = std::string{key.event_id} + std::string{key.replay_id};
    const auto known = store_.marks.find(id_);
    if (known != store_.marks.end() && known->second.digest != key.digest) return Admission{.seen = Seen::conflict};
    if (known != store_.marks.end())
      return Admission{.seen = Seen::duplicate, .unconfirmed = known->second.unconfirmed};
    digest_ = key.digest;
    before_ = store_.ledger;
    return Admission{};
  }
  Result<void> keep(std::span<const transport::Record> outputs) override {
    store_.marks[id_] = {digest_, {outputs.begin(), outputs.end()}};
    ++kept_;
    return {};
  }
  Result<void> undo() override {
    store_.ledger = before_;
    return {};
  }
  Result<void> commit() override {
    if (inbox_.executor) inbox_.executor->sleep_until(inbox_.executor->now() + kCommitTakes);
    if (inbox_.failing_commits-- > 0) return overloaded("the disk is full");
    if (has(kBreaksConstraint)) return conflict("a constraint does not hold");
    inbox_.store = store_;
    inbox_.groups.push_back(kept_);
    return {};
  }
  bool alive() const override { return !has(kRollBack); }
  void* handle() override { return &store_.ledger; }
  std::type_index handle_type() const override { return typeid(Ledger); }

 private:
  bool has(const char* entry) const { return std::ranges::count(store_.ledger, entry) > 0; }

  LedgerInbox& inbox_;
  LedgerInbox::Store store_;
  Ledger before_;
  std::string id_;
  std::uint64_t digest_ = 0;
  std::size_t kept_ = 0;
};

Result<std::unique_ptr<InboxTransaction>> LedgerInbox::begin(Time) {
  if (begin_takes > Duration{}) executor->sleep_until(executor->now() + begin_takes);
  return std::make_unique<LedgerTransaction>(*this);
}

class InboxFlow : public ::testing::Test {
 protected:
  // Writes the order into the ledger and publishes a payment; `fails(placed, attempt)` says whether it fails then.
  // The customer "spoils" writes `spoils_` first.
  std::unique_ptr<Harness> start(std::function<bool(const Placed&, int)> fails = {}, RetryPolicy retry = kQuick) {
    const auto handle = [this, fails](const Placed& placed, Context& context) -> Result<void> {
      if (placed.customer == "spoils") context.transaction<Ledger>().push_back(spoils_);
      context.transaction<Ledger>().push_back(placed.customer + std::to_string(placed.count));
      if (auto done = context.publish(Paid{placed.count}); !done) return done;
      if (fails && fails(placed, context.attempt())) return unavailable("not now");
      return {};
    };
    auto harness = std::make_unique<Harness>(
        [&](Contract& service) {
          service.publishes<Paid>();
          service.on<Placed>(handle, {.retry = retry});
        },
        testing::HarnessOptions{.inbox = inbox_});
    inbox_->executor = &harness->executor();
    return harness;
  }

  // One of the others is handled first, so that these gather and go into one transaction.
  void publish_with_a_spoiler(Harness& harness) {
    ASSERT_TRUE(harness.publish(Placed{"first", 0}, of("first")));
    harness.advance(kCommitTakes / 2);
    for (const int count : {1, 2}) {
      ASSERT_TRUE(harness.publish(Placed{"a", count}, of("a")));
      ASSERT_TRUE(harness.publish(Placed{"spoils", count}, of("spoils")));
      ASSERT_TRUE(harness.publish(Placed{"b", count}, of("b")));
    }
  }

  std::shared_ptr<LedgerInbox> inbox_ = std::make_shared<LedgerInbox>();
  const char* spoils_ = kRollBack;
};

TEST_F(InboxFlow, CommitsManyDeliveriesInOneTransaction) {
  const auto harness = start();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(harness->publish(Placed{"c", i}, of("c" + std::to_string(i % 7))));
  ASSERT_TRUE(harness->run_until_idle());
  EXPECT_THAT(inbox_->store.ledger, SizeIs(100));
  EXPECT_THAT(harness->published<Paid>(), SizeIs(100));
  EXPECT_THAT(harness->settled(), SizeIs(100));
  EXPECT_LT(inbox_->groups.size(), 10u);
  EXPECT_THAT(inbox_->confirmed_ids, SizeIs(100));
}

TEST_F(InboxFlow, AGroupIsNoLargerThanItsLimit) {
  inbox_->limits_.group_max = 3;
  const auto harness = start();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(harness->publish(Placed{"c", i}, of("c" + std::to_string(i))));
  ASSERT_TRUE(harness->run_until_idle());
  EXPECT_THAT(inbox_->groups, ::testing::Each(::testing::Le(3u)));
  EXPECT_THAT(inbox_->store.ledger, SizeIs(20));
}

// A failing one rolls back alone; those behind it in its key wait, the others of the group stand.
TEST_F(InboxFlow, AFailureRollsBackAloneAndHoldsItsKey) {
  const auto harness = start(
      [](const Placed& placed, int attempt) { return placed.customer == "a" && placed.count == 1 && attempt < 3; });
  ASSERT_TRUE(harness->publish(Placed{"b", 0}, of("b")));
  harness->advance(kCommitTakes / 2);  // the others gather meanwhile
  for (const int count : {1, 2, 3}) {
    ASSERT_TRUE(harness->publish(Placed{"a", count}, of("a")));
    ASSERT_TRUE(harness->publish(Placed{"b", count}, of("b")));
  }
  harness->advance(100ms);
  EXPECT_THAT(inbox_->store.ledger, ElementsAre("b0", "b1", "b2", "b3"));
  EXPECT_THAT(inbox_->groups, ElementsAre(1, 3));
  ASSERT_TRUE(harness->run_until_idle());
  EXPECT_THAT(inbox_->store.ledger, ElementsAre("b0", "b1", "b2", "b3", "a1", "a2", "a3"));
  EXPECT_THAT(harness->retried(), SizeIs(2));
  EXPECT_THAT(harness->published<Paid>(), SizeIs(7));
}

TEST_F(InboxFlow, ADeadLetterLeavesNoMarkAndNoEffect) {
  const auto harness = start([](const Placed&, int) { return true; });
  ASSERT_TRUE(harness->publish(Placed{"a", 1}, of("a", "e-1")));
  ASSERT_TRUE(harness->run_until_idle());
  EXPECT_THAT(harness->dead(), SizeIs(1));
  EXPECT_THAT(inbox_->store.ledger, SizeIs(0));
  EXPECT_THAT(inbox_->store.marks, SizeIs(0));
  EXPECT_THAT(harness->published<Paid>(), SizeIs(0));
}

TEST_F(InboxFlow, SkipsADuplicate) {
  const auto harness = start();
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(harness->publish(Placed{"a", 1}, of("a", "e-1")));
  ASSERT_TRUE(harness->run_until_idle());
  EXPECT_THAT(inbox_->store.ledger, ElementsAre("a1"));
  EXPECT_THAT(harness->settled(), SizeIs(1));
  ASSERT_THAT(harness->skipped(), SizeIs(1));
  EXPECT_EQ(harness->skipped()[0].reason, Reason::duplicate);
}

// Its outputs may not be out: the same ones go out again, with the same ids.
TEST_F(InboxFlow, SendsTheUnconfirmedOutputsOfADuplicateAgain) {
  const auto harness = start();
  ASSERT_TRUE(harness->publish(Placed{"a", 1}, of("a", "e-1")));
  ASSERT_TRUE(harness->run_until_idle());
  LedgerInbox::Mark& mark = inbox_->store.marks.at("e-1");
  mark.unconfirmed = {
      {.topic = "payments", .key = "a", .id = "stored", .type = "PaymentCompleted", .body = R"({"data":{"cents":5}})"}};
  inbox_->confirmed_ids.clear();

  ASSERT_TRUE(harness->publish(Placed{"a", 1}, of("a", "e-1")));
  ASSERT_TRUE(harness->run_until_idle());
  const auto paid = harness->published<Paid>();
  ASSERT_THAT(paid, SizeIs(2));
  EXPECT_EQ(paid[1].envelope.id, "stored");
  EXPECT_THAT(inbox_->confirmed_ids, ElementsAre("e-1"));
  ASSERT_THAT(harness->skipped(), SizeIs(1));
  EXPECT_EQ(harness->skipped()[0].reason, Reason::duplicate);
}

// The same id with other data is a counted conflict, not a duplicate; another time or story is no other data.
TEST_F(InboxFlow, BuriesTheSameIdWithOtherData) {
  const auto harness = start();
  ASSERT_TRUE(harness->publish(Placed{"a", 1}, of("a", "e-1")));
  ASSERT_TRUE(harness->publish(Placed{"a", 2}, of("a", "e-1")));
  harness->advance(1s);
  ASSERT_TRUE(harness->publish(Placed{"a", 1}, {.id = "e-1", .aggregate_id = "a", .correlation_id = "other"}));
  ASSERT_TRUE(harness->run_until_idle());
  EXPECT_THAT(inbox_->store.ledger, ElementsAre("a1"));
  EXPECT_THAT(harness->decisions(Step::conflicted), SizeIs(1));
  ASSERT_THAT(harness->dead(), SizeIs(1));
  EXPECT_EQ(harness->dead()[0].reason, Reason::conflict);
  EXPECT_THAT(harness->skipped(), SizeIs(1));
}

// A commit that fails did nothing: all of its group comes again, in order, charged nothing; the bus says so meanwhile.
TEST_F(InboxFlow, TriesAFailedCommitAgainInOrder) {
  inbox_->failing_commits = 5;
  const auto harness = start();
  for (int i = 1; i <= 3; ++i) ASSERT_TRUE(harness->publish(Placed{"a", i}, of("a")));
  harness->advance(20ms);
  const auto ready = harness->bus().ready(harness->now() + 1s);
  ASSERT_FALSE(ready);
  EXPECT_THAT(ready.error().message,
              HasSubstr("service orders cannot use the inbox now (overloaded: the disk is full)"));
  ASSERT_TRUE(harness->run_until_idle());
  EXPECT_THAT(inbox_->store.ledger, ElementsAre("a1", "a2", "a3"));
  EXPECT_THAT(harness->retried(), SizeIs(0));
  EXPECT_THAT(harness->settled(), SizeIs(3));
  for (const auto& decided : harness->settled()) EXPECT_EQ(decided.attempt, 1);
  EXPECT_TRUE(harness->bus().ready(harness->now() + 1s));
}

// A handler whose statement rolls the whole transaction back must neither stop its subscription nor cost the others.
TEST_F(InboxFlow, WhoSpoilsTheTransactionIsChargedAlone) {
  for (const char* spoils : {kRollBack, kBreaksConstraint}) {
    SCOPED_TRACE(spoils);
    spoils_ = spoils;
    inbox_ = std::make_shared<LedgerInbox>();
    const auto harness = start();
    publish_with_a_spoiler(*harness);
    harness->advance(1min);
    EXPECT_THAT(inbox_->store.ledger, ::testing::UnorderedElementsAre("first0", "a1", "a2", "b1", "b2"));
    EXPECT_THAT(harness->published<Paid>(), SizeIs(5));
    EXPECT_THAT(harness->settled(), SizeIs(5));
    for (const auto& decided : harness->settled()) EXPECT_EQ(decided.attempt, 1) << decided.event_id;
    EXPECT_THAT(harness->retried(), SizeIs(4));
    ASSERT_THAT(harness->dead(), SizeIs(2));
    EXPECT_EQ(harness->dead()[0].reason, Reason::failed);
  }
}

// P10: however long it is full, nobody is to blame.
TEST_F(InboxFlow, AFullDiskThatEndsTheTransactionCostsNoAttempt) {
  bool full = true;
  const auto handle = [&full](const Placed& placed, Context& context) -> Result<void> {
    context.transaction<Ledger>().push_back(full ? kRollBack : placed.customer);
    return full ? overloaded("the disk is full") : Result<void>{};
  };
  Harness harness{[&](Contract& service) { service.on<Placed>(handle, {.retry = kQuick}); },
                  testing::HarnessOptions{.inbox = inbox_}};
  ASSERT_TRUE(harness.publish(Placed{"a", 1}, of("a")));
  harness.advance(1min);
  EXPECT_THAT(harness.dead(), SizeIs(0));
  full = false;
  ASSERT_TRUE(harness.run_until_idle());
  EXPECT_THAT(inbox_->store.ledger, ElementsAre("a"));
  ASSERT_THAT(harness.settled(), SizeIs(1));
  EXPECT_EQ(harness.settled()[0].attempt, 1);
}

// It fails by itself, and takes the transaction with it: the dead letter tells both.
TEST_F(InboxFlow, AFailureThatEndsTheTransactionKeepsItsError) {
  const auto harness = start([](const Placed& placed, int) { return placed.customer == "spoils"; });
  publish_with_a_spoiler(*harness);
  harness->advance(1min);
  ASSERT_THAT(harness->dead(), SizeIs(2));
  EXPECT_THAT(harness->dead()[0].error->message, HasSubstr("not now"));
  EXPECT_THAT(harness->dead()[0].error->message, HasSubstr("rolled the inbox's transaction back"));
  EXPECT_THAT(harness->settled(), SizeIs(5));
}

// One without an id has a transaction of its own. When the group before it fails, nothing of its key may pass.
TEST_F(InboxFlow, OneWithoutAnIdWaitsForTheGroupBeforeIt) {
  inbox_->failing_commits = 2;
  const auto harness = start();
  ASSERT_TRUE(harness->publish(Placed{"first", 0}, of("first")));
  harness->advance(kCommitTakes / 2);
  ASSERT_TRUE(harness->publish(Placed{"a", 1}, of("a")));
  ASSERT_TRUE(harness->publish(transport::Record{
      .topic = "orders", .key = "a", .type = "OrderPlaced", .body = R"({"data":{"customer":"a","count":2}})"}));
  ASSERT_TRUE(harness->publish(Placed{"a", 3}, of("a")));
  ASSERT_TRUE(harness->run_until_idle());
  EXPECT_THAT(inbox_->store.ledger, ElementsAre("first0", "a1", "a2", "a3"));
}

TEST_F(InboxFlow, MarksAnEventWithoutAnIdByItsPosition) {
  const auto harness = start();
  ASSERT_TRUE(harness->publish(transport::Record{
      .topic = "orders", .key = "a", .type = "OrderPlaced", .body = R"({"data":{"customer":"a","count":1}})"}));
  ASSERT_TRUE(harness->run_until_idle());
  ASSERT_THAT(inbox_->store.marks, SizeIs(1));
  EXPECT_THAT(inbox_->store.marks.begin()->first, SizeIs(36));
}

TEST_F(InboxFlow, AskingForAnotherDatabaseIsTold) {
  const auto harness = std::make_unique<Harness>(
      [&](Contract& service) {
        service.on<Placed>([](const Placed&, Context& context) { context.transaction<int>() = 1; },
                           {.retry = {.attempts_max = 1}});
      },
      testing::HarnessOptions{.inbox = inbox_});
  ASSERT_TRUE(harness->publish(Placed{"a", 1}, of("a")));
  ASSERT_TRUE(harness->run_until_idle());
  ASSERT_THAT(harness->dead(), SizeIs(1));
  EXPECT_THAT(harness->dead()[0].error->message, HasSubstr("another database's transaction"));
}

// It may be another's by the time at which the database is free.
TEST_F(InboxFlow, NothingRunsThatWasLostWhileItWaitedForTheDatabase) {
  const auto executor = std::make_shared<testing::SimulatedExecutor>(1);
  const auto broker = memory::MemoryBroker::make(executor);
  std::vector<Step> steps;
  Bus bus{broker->open("first"), executor, {.name = "shop", .inbox = inbox_, .observers = {[&](const Decision& each) {
                                                                               if (each.step != Step::published)
                                                                                 steps.push_back(each.step);
                                                                             }}}};
  int runs = 0;
  bus.publishes<Placed>();
  bus.on<Placed>([&](const Placed&) { ++runs; });
  inbox_->executor = executor.get();
  inbox_->begin_takes = 10s;
  ASSERT_TRUE(bus.start());
  ASSERT_TRUE(bus.publish(Placed{"a", 1}, of("a")));
  executor->run_for(1s);
  broker->drop("first");
  executor->run_for(1min);
  EXPECT_EQ(runs, 1);
  EXPECT_THAT(steps, ElementsAre(Step::accepted));
}

}  // namespace
}  // namespace tidings::service
