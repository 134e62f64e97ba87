// A36: events published outside handlers, in the user's transaction.
#include "tidings/outbox.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/describe.hpp>

#include "outbox/recording_publisher.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/scratch_directory.hpp"

namespace tidings {
namespace {

struct OrderPlaced {
  std::string customer_id;
};
BOOST_DESCRIBE_STRUCT(OrderPlaced, (), (customer_id))

struct Undeclared {};
BOOST_DESCRIBE_STRUCT(Undeclared, (), ())

}  // namespace

template <>
inline constexpr EventInfo event_info<OrderPlaced>{.type = "OrderPlaced", .topic = "orders"};
template <>
inline constexpr EventInfo event_info<Undeclared>{.type = "Undeclared", .topic = "orders"};

namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::eventually;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Recording;
using testing::RecordingPublisher;
using testing::ScratchDirectory;

class OutboxTest : public ::testing::Test {
 protected:
  OutboxTest() : database_{std::move(*Sqlite::open(path()))}, outbox_{open({})} {
    EXPECT_TRUE(database_.script("CREATE TABLE orders (id TEXT PRIMARY KEY)"));
  }
  std::string path() const { return directory_ / "shop.db"; }

  Outbox open(OutboxOptions options) {
    options.publishes = {&event_type<OrderPlaced>()};
    auto outbox = Outbox::open(database_, std::move(options));
    EXPECT_TRUE(outbox) << outbox.error().message;
    return std::move(*outbox);
  }

  Result<void> place(Outbox& outbox, PublishOptions options, std::string customer = "c1") {
    return database_.transact([&](SqliteTransaction& transaction) -> Result<void> {
      auto placed = transaction.execute("INSERT INTO orders VALUES (?)", options.id);
      if (!placed) return placed.error();
      return outbox.publish(transaction, OrderPlaced{customer}, options);
    });
  }
  void place(std::string id, std::string aggregate_id) {
    const auto placed = place(outbox_, {.id = std::move(id), .aggregate_id = std::move(aggregate_id)});
    ASSERT_TRUE(placed) << placed.error().message;
  }

  SqliteStoreReport report() { return *check_sqlite_store(database_); }

  // A relay on a thread of its own, until it goes out of scope.
  struct Running {
    std::stop_source stop;
    std::shared_ptr<Relay> relay;
    std::unique_ptr<Thread> thread;

    ~Running() { stop.request_stop(); }
  };
  std::unique_ptr<Running> run(RelayOptions options = {}) {
    if (options.retry_first == RelayOptions{}.retry_first) options.retry_first = options.retry_max = 1ms;
    auto running = std::make_unique<Running>();
    running->relay = std::make_shared<Relay>(
        std::move(*Relay::open(database_, std::make_unique<RecordingPublisher>(recording_), std::move(options))));
    running->thread = executor_->spawn("relay", [relay = running->relay, token = running->stop.get_token()] {
      const auto done = relay->run(token);
      EXPECT_TRUE(done) << done.error().message;
    });
    return running;
  }
  bool sent(std::vector<std::string> ids) {
    return eventually([&] { return recording_->confirmed_ids().size() >= ids.size(); }) &&
           recording_->confirmed_ids() == ids;
  }

  ScratchDirectory directory_;
  const std::shared_ptr<Executor> executor_ = thread_executor();
  const std::shared_ptr<Recording> recording_ = std::make_shared<Recording>();
  Sqlite database_;
  Outbox outbox_;
};

TEST_F(OutboxTest, SendsWhatWasCommitted) {
  ASSERT_TRUE(place(
      outbox_,
      {.id = "e1", .key = "k", .aggregate_id = "o1", .correlation_id = "story", .metadata = {{"channel", "web"}}}));
  const auto running = run();
  ASSERT_TRUE(sent({"e1"}));
  const transport::Record record = recording_->confirmed().front();
  EXPECT_EQ(record.topic, "orders");
  EXPECT_EQ(record.key, "k");
  EXPECT_EQ(record.type, "OrderPlaced");
  EXPECT_EQ(record.correlation_id, "story");
  EXPECT_EQ(record.content_type, "application/json");
  EXPECT_THAT(*record.body, HasSubstr(R"("aggregateId":"o1")"));
  EXPECT_THAT(*record.body, HasSubstr(R"("customerId":"c1")"));
  EXPECT_THAT(*record.body, HasSubstr(R"("channel":"web")"));
  EXPECT_TRUE(eventually([&] { return report().unsent == 0; }));
}

TEST_F(OutboxTest, MakesAnIdAndACorrelationIdAndTakesTheAggregateIdAsKey) {
  ASSERT_TRUE(place(outbox_, {.aggregate_id = "o1"}));
  const auto running = run();
  ASSERT_TRUE(eventually([&] { return recording_->confirmed().size() == 1; }));
  const transport::Record record = recording_->confirmed().front();
  EXPECT_EQ(record.id.size(), 36u);
  EXPECT_EQ(record.correlation_id.size(), 36u);
  EXPECT_EQ(record.key, "o1");
  EXPECT_TRUE(record.time);
}

TEST_F(OutboxTest, SendsNothingOfATransactionThatWasRolledBack) {
  ASSERT_FALSE(database_.transact([&](SqliteTransaction& transaction) -> Result<void> {
    EXPECT_TRUE(outbox_.publish(transaction, OrderPlaced{"c1"}, {.id = "lost"}));
    return invalid("no");
  }));
  place("kept", "o1");
  const auto running = run();
  EXPECT_TRUE(sent({"kept"}));
}

TEST_F(OutboxTest, IsWokenByACommit) {
  const auto running = run({.poll_every = 1h});
  place("e1", "o1");
  ASSERT_TRUE(sent({"e1"}));
  place("e2", "o2");
  EXPECT_TRUE(sent({"e1", "e2"}));
}

TEST_F(OutboxTest, SeesCommitsOfOtherProcesses) {
  const auto running = run();
  auto elsewhere = Sqlite::open(path());
  auto outbox = Outbox::open(*elsewhere, {.publishes = {&event_type<OrderPlaced>()}});
  ASSERT_TRUE(elsewhere->transact(
      [&](SqliteTransaction& transaction) { return outbox->publish(transaction, OrderPlaced{"c1"}, {.id = "e1"}); }));
  EXPECT_TRUE(sent({"e1"}));
}

TEST_F(OutboxTest, KeepsTheOrderOfAKeyWhenOneIsRefused) {
  std::map<std::string, int> refusals{{"a1", 3}, {"a2", 1}, {"b2", 2}};
  recording_->decide([&](const transport::Record& record) -> Result<void> {
    if (refusals[record.id]-- > 0) return unavailable("not now");
    return {};
  });
  for (int i = 1; i <= 4; ++i) {
    for (const std::string key : {"a", "b", "c"}) place(key + std::to_string(i), key);
  }
  const auto running = run();
  ASSERT_TRUE(eventually([&] { return recording_->confirmed_ids().size() >= 12; }));
  std::map<char, std::string> order;
  for (const std::string& id : recording_->confirmed_ids()) order[id[0]] += id[1];
  EXPECT_EQ(order, (std::map<char, std::string>{{'a', "1234"}, {'b', "1234"}, {'c', "1234"}}));
}

TEST_F(OutboxTest, AnEventThatIsRefusedForEverHoldsBackItsKeyOnlyAndIsShown) {
  recording_->decide([](const transport::Record& record) -> Result<void> {
    if (record.id == "bad") return invalid("no such topic");
    return {};
  });
  place("bad", "a");
  place("behind", "a");
  for (int i = 0; i < 50; ++i) place("e" + std::to_string(i), "k" + std::to_string(i));
  std::atomic<int> refused = 0;
  auto running = run({.in_flight_max = 4, .on_refused = [&](const RelayRefusal& refusal) {
                        EXPECT_EQ(refusal.event_id, "bad");
                        EXPECT_EQ(refusal.topic, "orders");
                        EXPECT_EQ(refusal.refusals, ++refused);
                      }});
  ASSERT_TRUE(eventually([&] { return report().unsent == 2; }));
  EXPECT_EQ(recording_->confirmed().size(), 50u);
  EXPECT_EQ(report().refused, 1u);
  EXPECT_EQ(report().refused_error, "no such topic");
  EXPECT_TRUE(report().oldest_unsent);
  EXPECT_TRUE(eventually([&] { return refused > 2; }));

  recording_->decide({});
  ASSERT_TRUE(eventually([&] { return report().unsent == 0; }));
  const auto ids = recording_->confirmed_ids();
  EXPECT_EQ(ids[50], "bad");
  EXPECT_EQ(ids[51], "behind");
}

TEST_F(OutboxTest, ARowThatWasDiscardedFreesItsKey) {
  recording_->decide([](const transport::Record& record) -> Result<void> {
    if (record.id == "bad") return invalid("no such topic");
    return {};
  });
  place("bad", "a");
  place("behind", "a");
  const auto running = run();
  ASSERT_TRUE(eventually([&] { return report().refused == 1; }));
  ASSERT_TRUE(database_.execute("DELETE FROM tidings_outbox WHERE refused IS NOT NULL"));
  EXPECT_TRUE(sent({"behind"}));
}

TEST_F(OutboxTest, ADamagedRowIsKeptAndShownAndTheOthersAreSent) {
  ASSERT_TRUE(database_.execute("INSERT INTO tidings_outbox (time, record) VALUES (0, x'0105')"));
  place("e1", "o1");
  const auto running = run();
  ASSERT_TRUE(sent({"e1"}));
  EXPECT_TRUE(eventually([&] { return report().unsent == 1 && report().refused == 1; }));
}

TEST_F(OutboxTest, OneRelayIsActiveAndAnotherTakesOver) {
  auto first = run();
  place("e1", "o1");
  ASSERT_TRUE(sent({"e1"}));
  const auto other = std::make_shared<Recording>();
  auto second = *Relay::open(database_, std::make_unique<RecordingPublisher>(other));
  std::stop_source stop;
  const auto thread = executor_->spawn("second", [&] { EXPECT_TRUE(second.run(stop.get_token())); });
  place("e2", "o2");
  EXPECT_TRUE(sent({"e1", "e2"}));
  EXPECT_EQ(other->tries(), 0u);
  first.reset();
  place("e3", "o3");
  EXPECT_TRUE(eventually([&] { return other->confirmed_ids() == std::vector<std::string>{"e3"}; }));
  stop.request_stop();
}

TEST_F(OutboxTest, ARelayCanRunAgain) {
  auto relay = *Relay::open(database_, std::make_unique<RecordingPublisher>(recording_));
  for (const std::string id : {"e1", "e2"}) {
    std::stop_source stop;
    const auto thread = executor_->spawn("relay", [&] { EXPECT_TRUE(relay.run(stop.get_token())); });
    place(id, "o1");
    const auto is_sent = [&] {
      const auto ids = recording_->confirmed_ids();
      return !ids.empty() && ids.back() == id;
    };
    EXPECT_TRUE(eventually(is_sent));
    stop.request_stop();
  }
}

TEST_F(OutboxTest, IsOverloadedWhenTooManyWait) {
  auto small = open({.rows_max = 3});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(place(small, {.id = std::to_string(i)}));
  EXPECT_EQ(place(small, {.id = "too many"}).error().kind, ErrorKind::overloaded);
  EXPECT_EQ(place(small, {.id = "still"}).error().kind, ErrorKind::overloaded);
  EXPECT_EQ(report().unsent, 3u);
  const auto running = run();
  EXPECT_TRUE(eventually([&] { return bool{place(small, {.id = "room again"})}; }));
}

TEST_F(OutboxTest, RefusesWhatItCannotPublish) {
  EXPECT_EQ(place(outbox_, {.id = "e1"}, "\xff not UTF-8").error().kind, ErrorKind::invalid);
  auto small = open({.record_bytes_max = 200});
  EXPECT_EQ(place(small, {.id = "e1"}, std::string(300, 'x')).error().kind, ErrorKind::invalid);
  const auto undeclared =
      database_.transact([&](SqliteTransaction& transaction) { return outbox_.publish(transaction, Undeclared{}); });
  EXPECT_EQ(undeclared.error().kind, ErrorKind::invalid);
  EXPECT_THAT(undeclared.error().message, HasSubstr("Undeclared"));
  EXPECT_EQ(report().unsent, 0u);
}

// P7: what a handler publishes leaves with the settlement, never by the relay.
TEST_F(OutboxTest, RefusesEventsOfHandlers) {
  const auto inbox = *open_sqlite_inbox(database_);
  const auto transaction = *inbox->begin(executor_->now());
  ASSERT_TRUE(transaction->admit({.group = "g", .event_id = "e1"}));
  auto& handle = *static_cast<SqliteTransaction*>(transaction->handle());
  EXPECT_EQ(outbox_.publish(handle, OrderPlaced{"c1"}).error().kind, ErrorKind::invalid);
}

// P9: memory is bounded by stopping, not by losing.
TEST_F(OutboxTest, SendsNothingMoreWhenTooManyKeysAreRefusedUntilOneIsNot) {
  std::atomic<bool> refusing = true;
  recording_->decide([&](const transport::Record& record) -> Result<void> {
    if (refusing && record.key != "free") return invalid("no such topic");
    return {};
  });
  place("e1", "a");
  place("e2", "b");
  place("e3", "free");
  const auto running = run({.in_flight_max = 2});
  ASSERT_TRUE(eventually([&] { return recording_->tries() >= 6; }));
  EXPECT_THAT(recording_->confirmed_ids(), IsEmpty());
  refusing = false;
  ASSERT_TRUE(eventually([&] { return recording_->confirmed_ids().size() == 3; }));
}

// Confirms nothing, and says until when it was asked to wait.
class WaitingPublisher final : public transport::Publisher {
 public:
  struct Asked {
    std::atomic<bool> sent = false;
    Time until{};
  };
  explicit WaitingPublisher(Asked& asked) : asked_{asked} {}
  void send(std::vector<transport::Record>, Confirmed) override { asked_.sent = true; }
  Result<void> flush(Time deadline) override {
    asked_.until = deadline;
    return unavailable("nothing is confirmed");
  }

 private:
  Asked& asked_;
};

TEST_F(OutboxTest, AStopWaitsForConfirmationsNoLongerThanItIsTold) {
  WaitingPublisher::Asked asked;
  auto relay = Relay::open(database_, std::make_unique<WaitingPublisher>(asked), {.stop_within = 3s});
  ASSERT_TRUE(relay);
  place("e1", "a");
  std::stop_source stop;
  Time stopped{};
  {
    const auto thread = executor_->spawn("relay", [&] { EXPECT_TRUE(relay->run(stop.get_token())); });
    EXPECT_TRUE(eventually([&] { return asked.sent.load(); }));
    stopped = executor_->now();
    stop.request_stop();
  }
  EXPECT_GE(asked.until, stopped + 3s);
  EXPECT_LE(asked.until, executor_->now() + 3s);
  EXPECT_EQ(report().unsent, 1u) << "the next relay sends it";
}

TEST_F(OutboxTest, RefusesOptionsOutOfRange) {
  EXPECT_EQ(Outbox::open(database_, {.rows_max = 0}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(Relay::open(database_, nullptr, {.in_flight_max = 0}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(Relay::open(database_, nullptr, {.in_flight_max = 100'001}).error().kind, ErrorKind::invalid);
  const auto nothing = Relay::open(database_, nullptr, {.bytes_max = 0});
  ASSERT_FALSE(nothing) << "it would never send anything";
  EXPECT_THAT(nothing.error().message, HasSubstr("bytes_max"));
  EXPECT_EQ(Relay::open(database_, nullptr, {.poll_every = 0s}).error().kind, ErrorKind::invalid);
}

TEST_F(OutboxTest, TheReportCountsMarksAndUnconfirmedOutputs) {
  const auto inbox = *open_sqlite_inbox(database_);
  const Time now{std::chrono::days{20'000}};
  const auto transaction = *inbox->begin(now);
  const std::vector outputs{transport::Record{.topic = "t"}};
  ASSERT_TRUE(transaction->admit({.group = "g", .event_id = "e1"}));
  ASSERT_TRUE(transaction->keep(outputs));
  ASSERT_TRUE(transaction->admit({.group = "g", .event_id = "e2"}));
  ASSERT_TRUE(transaction->keep({}));
  ASSERT_TRUE(transaction->commit());
  EXPECT_EQ(report().store_id, *inbox->store_id());
  EXPECT_EQ(report().format, 1);
  EXPECT_EQ(report().marks, 2u);
  EXPECT_EQ(report().unconfirmed, 1u);
  EXPECT_EQ(report().oldest_unconfirmed, now);
  EXPECT_EQ(report().oldest_unsent, std::nullopt);
}

}  // namespace
}  // namespace tidings
