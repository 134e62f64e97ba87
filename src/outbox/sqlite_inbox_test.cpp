// A35, P7: marks, outputs and effects in one transaction.
#include <gtest/gtest.h>

#include "tests/support/eventually.hpp"
#include "tests/support/scratch_directory.hpp"
#include "tidings/sqlite.hpp"

namespace tidings {
namespace {

using namespace std::chrono_literals;
using testing::eventually;
using testing::ScratchDirectory;
using Seen = InboxTransaction::Seen;

constexpr Time kStart{std::chrono::days{20'000}};

transport::Record record(std::string id) {
  return {.topic = "payments",
          .key = "order-1",
          .id = std::move(id),
          .type = "PaymentCompleted",
          .correlation_id = "story",
          .content_type = "application/json",
          .time = kStart,
          .headers = {{"eventId", "x"}, {"empty", std::nullopt}},
          .body = std::string("{\0}", 3)};
}

class SqliteInboxTest : public ::testing::Test {
 protected:
  std::string path() const { return directory_ / "shop.db"; }

  std::shared_ptr<Inbox> open(InboxLimits limits = {}) {
    auto database = Sqlite::open(path());
    EXPECT_TRUE(database) << database.error().message;
    EXPECT_TRUE(database->script("CREATE TABLE IF NOT EXISTS effects (event TEXT)"));
    auto inbox = open_sqlite_inbox(*database, limits);
    EXPECT_TRUE(inbox) << inbox.error().message;
    return *inbox;
  }

  static std::unique_ptr<InboxTransaction> begin(Inbox& inbox, Time now = kStart) {
    auto transaction = inbox.begin(now);
    EXPECT_TRUE(transaction) << transaction.error().message;
    return std::move(*transaction);
  }

  static InboxKey key(std::string_view id, std::uint64_t digest = 7) {
    return {.group = "payment-service", .event_id = id, .digest = digest};
  }

  // Admits, and when fresh writes the effect and keeps.
  static Seen handle(InboxTransaction& transaction, const InboxKey& key,
                     std::span<const transport::Record> outputs = {}) {
    auto admission = transaction.admit(key);
    EXPECT_TRUE(admission) << admission.error().message;
    if (admission->seen != Seen::fresh) return admission->seen;
    auto& handle = *static_cast<SqliteTransaction*>(transaction.handle());
    EXPECT_TRUE(handle.execute("INSERT INTO effects VALUES (?)", key.event_id));
    EXPECT_TRUE(transaction.keep(outputs));
    return Seen::fresh;
  }

  static Seen handle_alone(Inbox& inbox, const InboxKey& key, std::span<const transport::Record> outputs = {},
                           Time now = kStart) {
    const auto transaction = begin(inbox, now);
    const Seen seen = handle(*transaction, key, outputs);
    EXPECT_TRUE(transaction->commit());
    return seen;
  }

  std::int64_t count(std::string_view table) {
    auto database = Sqlite::open(path());
    return database->value<std::int64_t>("SELECT count(*) FROM " + std::string{table})->value_or(-1);
  }

  ScratchDirectory directory_;
};

TEST_F(SqliteInboxTest, MarkAndEffectHappenOnce) {
  const auto inbox = open();
  EXPECT_EQ(handle_alone(*inbox, key("e1")), Seen::fresh);
  EXPECT_EQ(handle_alone(*inbox, key("e1")), Seen::duplicate);
  EXPECT_EQ(count("effects"), 1);
}

TEST_F(SqliteInboxTest, KnowsItsMarksWhenItIsOpenedAgain) {
  EXPECT_EQ(handle_alone(*open(), key("01890a5d-ac96-774b-bcce-b302099a8057")), Seen::fresh);
  EXPECT_EQ(handle_alone(*open(), key("01890a5d-ac96-774b-bcce-b302099a8057")), Seen::duplicate);
}

TEST_F(SqliteInboxTest, TellsApartIdsThatDifferOnlyInTheirText) {
  const auto inbox = open();
  EXPECT_EQ(handle_alone(*inbox, key("01890a5d-ac96-774b-bcce-b302099a8057")), Seen::fresh);
  EXPECT_EQ(handle_alone(*inbox, key("01890A5D-AC96-774B-BCCE-B302099A8057")), Seen::fresh);
  EXPECT_EQ(handle_alone(*inbox, key("1")), Seen::fresh);
  EXPECT_EQ(handle_alone(*inbox, key("1.0")), Seen::fresh);
}

TEST_F(SqliteInboxTest, CountsAnEventOncePerGroup) {
  const auto inbox = open();
  InboxKey other = key("e1");
  other.group = "audit-service";
  EXPECT_EQ(handle_alone(*inbox, key("e1")), Seen::fresh);
  EXPECT_EQ(handle_alone(*inbox, other), Seen::fresh);
}

TEST_F(SqliteInboxTest, CountsAnEventOncePerReplay) {
  const auto inbox = open();
  InboxKey replayed = key("e1");
  replayed.replay_id = "r1";
  EXPECT_EQ(handle_alone(*inbox, key("e1")), Seen::fresh);
  EXPECT_EQ(handle_alone(*inbox, replayed), Seen::fresh);
  EXPECT_EQ(handle_alone(*inbox, replayed), Seen::duplicate);
}

TEST_F(SqliteInboxTest, CallsTheSameIdWithOtherDataAConflict) {
  const auto inbox = open();
  EXPECT_EQ(handle_alone(*inbox, key("e1", 7)), Seen::fresh);
  EXPECT_EQ(handle_alone(*inbox, key("e1", 8)), Seen::conflict);
  EXPECT_EQ(handle_alone(*inbox, key("e1", ~0ull)), Seen::conflict);
}

TEST_F(SqliteInboxTest, AFailedHandlerLeavesNeitherMarkNorEffectAndSparesItsNeighbours) {
  const auto inbox = open();
  {
    const auto transaction = begin(*inbox);
    handle(*transaction, key("before"));
    ASSERT_EQ(transaction->admit(key("failed"))->seen, Seen::fresh);
    auto& handle_of = *static_cast<SqliteTransaction*>(transaction->handle());
    ASSERT_TRUE(handle_of.execute("INSERT INTO effects VALUES ('failed')"));
    ASSERT_TRUE(transaction->undo());
    handle(*transaction, key("after"));
    ASSERT_TRUE(transaction->commit());
  }
  EXPECT_EQ(count("effects"), 2);
  EXPECT_EQ(handle_alone(*inbox, key("failed")), Seen::fresh);
  EXPECT_EQ(handle_alone(*inbox, key("before")), Seen::duplicate);
  EXPECT_EQ(handle_alone(*inbox, key("after")), Seen::duplicate);
}

TEST_F(SqliteInboxTest, WithoutCommitNothingHappened) {
  const auto inbox = open();
  handle(*begin(*inbox), key("e1"));
  EXPECT_EQ(count("effects"), 0);
  EXPECT_EQ(handle_alone(*inbox, key("e1")), Seen::fresh);
}

TEST_F(SqliteInboxTest, ADuplicateGetsItsUnconfirmedOutputsAgain) {
  const std::vector outputs{record("o1"), record("o2"), transport::Record{.topic = "bare"}};
  handle_alone(*open(), key("e1"), outputs);
  const auto inbox = open();
  const auto transaction = begin(*inbox);
  const auto admission = transaction->admit(key("e1"));
  ASSERT_TRUE(admission);
  EXPECT_EQ(admission->seen, Seen::duplicate);
  EXPECT_EQ(admission->unconfirmed, outputs);
}

TEST_F(SqliteInboxTest, ConfirmedOutputsAreForgottenWithTheNextTransaction) {
  const auto inbox = open();
  const std::vector outputs{record("o1")};
  handle_alone(*inbox, key("e1"), outputs);
  inbox->confirmed("payment-service", "e1", "");
  const auto transaction = begin(*inbox);
  EXPECT_TRUE(transaction->admit(key("e1"))->unconfirmed.empty());
}

TEST_F(SqliteInboxTest, ConfirmationsOutliveARolledBackTransaction) {
  const auto inbox = open();
  const std::vector outputs{record("o1")};
  handle_alone(*inbox, key("e1"), outputs);
  inbox->confirmed("payment-service", "e1", "");
  begin(*inbox).reset();
  handle_alone(*inbox, key("e2"));
  EXPECT_EQ(count("tidings_outputs"), 0);
}

TEST_F(SqliteInboxTest, ConfirmationsAreAppliedAtTheEnd) {
  {
    const auto inbox = open();
    const std::vector outputs{record("o1")};
    handle_alone(*inbox, key("e1"), outputs);
    inbox->confirmed("payment-service", "e1", "");
  }
  EXPECT_EQ(count("tidings_outputs"), 0);
}

TEST_F(SqliteInboxTest, ConfirmationsAreAppliedWhenNothingElseHappens) {
  const auto inbox = open();
  const std::vector outputs{record("o1")};
  handle_alone(*inbox, key("e1"), outputs);
  inbox->confirmed("payment-service", "e1", "");
  EXPECT_TRUE(eventually([&] { return count("tidings_outputs") == 0; }));
}

TEST_F(SqliteInboxTest, EvictsMarksBeyondTheirAge) {
  const auto inbox = open({.age_max = 1h});
  handle_alone(*inbox, key("old"));
  handle_alone(*inbox, key("young"), {}, kStart + 50min);
  handle_alone(*inbox, key("now"), {}, kStart + 70min);
  EXPECT_EQ(count("tidings_inbox"), 2);
  EXPECT_EQ(handle_alone(*inbox, key("young"), {}, kStart + 70min), Seen::duplicate);
  EXPECT_EQ(handle_alone(*inbox, key("old"), {}, kStart + 70min), Seen::fresh);
}

TEST_F(SqliteInboxTest, EvictsTheOldestMarksBeyondTheirNumber) {
  const auto inbox = open({.marks_max = 10});
  for (int i = 0; i < 50; ++i) handle_alone(*inbox, key("e" + std::to_string(i)));
  EXPECT_LE(count("tidings_inbox"), 11);
  EXPECT_EQ(handle_alone(*inbox, key("e49")), Seen::duplicate);
  EXPECT_EQ(handle_alone(*inbox, key("e3")), Seen::fresh);
}

TEST_F(SqliteInboxTest, NeverEvictsMarksWithUnconfirmedOutputs) {
  const auto inbox = open({.marks_max = 5});
  const std::vector outputs{record("o1")};
  handle_alone(*inbox, key("waiting"), outputs);
  for (int i = 0; i < 30; ++i) handle_alone(*inbox, key("e" + std::to_string(i)));
  EXPECT_LE(count("tidings_inbox"), 7);
  const auto transaction = begin(*inbox, kStart + std::chrono::days{100});
  EXPECT_EQ(transaction->admit(key("waiting"))->unconfirmed, outputs);
}

TEST_F(SqliteInboxTest, HasOneStoreIdForEver) {
  const std::string id = *open()->store_id();
  EXPECT_EQ(id.size(), 36u);
  EXPECT_EQ(*open()->store_id(), id);
  EXPECT_NE(*(*open_sqlite_inbox(directory_ / "other.db"))->store_id(), id);
}

TEST_F(SqliteInboxTest, RefusesTablesOfANewerFormat) {
  open();
  ASSERT_TRUE(Sqlite::open(path())->script("UPDATE tidings_meta SET value = '2' WHERE name = 'format'"));
  const auto inbox = open_sqlite_inbox(path());
  ASSERT_FALSE(inbox);
  EXPECT_EQ(inbox.error().kind, ErrorKind::unsupported);
}

TEST_F(SqliteInboxTest, RefusesLimitsOutOfRange) {
  EXPECT_EQ(open_sqlite_inbox(path(), {.group_max = 0}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(open_sqlite_inbox(path(), {.age_max = 0s}).error().kind, ErrorKind::invalid);
}

TEST_F(SqliteInboxTest, RefusesCallsOutOfOrder) {
  const auto inbox = open();
  const auto transaction = begin(*inbox);
  EXPECT_EQ(transaction->keep({}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(transaction->undo().error().kind, ErrorKind::invalid);
  ASSERT_TRUE(transaction->admit(key("e1")));
  EXPECT_EQ(transaction->admit(key("e2")).error().kind, ErrorKind::invalid);
  EXPECT_EQ(transaction->commit().error().kind, ErrorKind::invalid);
}

TEST_F(SqliteInboxTest, AHandlerCannotEndTheTransaction) {
  const auto inbox = open();
  const auto transaction = begin(*inbox);
  ASSERT_TRUE(transaction->admit(key("e1")));
  auto& handle = *static_cast<SqliteTransaction*>(transaction->handle());
  EXPECT_EQ(handle.execute("COMMIT").error().kind, ErrorKind::invalid);
  EXPECT_EQ(handle.execute("RELEASE tidings_delivery").error().kind, ErrorKind::invalid);
  EXPECT_TRUE(handle.execute("SAVEPOINT mine"));
  EXPECT_TRUE(handle.execute("RELEASE mine"));
  EXPECT_TRUE(transaction->keep({}));
  EXPECT_TRUE(transaction->commit());
}

TEST_F(SqliteInboxTest, SaysSoWhenTheTransactionIsGone) {
  const auto inbox = open();
  {
    const auto transaction = begin(*inbox);
    handle(*transaction, key("e1"));
    ASSERT_TRUE(transaction->admit(key("e2")));
    auto& handle_of = *static_cast<SqliteTransaction*>(transaction->handle());
    ASSERT_TRUE(handle_of.execute("CREATE TEMP TABLE once (x UNIQUE ON CONFLICT ROLLBACK)"));
    ASSERT_TRUE(handle_of.execute("INSERT INTO once VALUES (1)"));
    ASSERT_FALSE(handle_of.execute("INSERT INTO once VALUES (1)"));
    EXPECT_EQ(transaction->keep({}).error().kind, ErrorKind::unavailable);
    EXPECT_EQ(transaction->undo().error().kind, ErrorKind::unavailable);
  }
  EXPECT_EQ(handle_alone(*inbox, key("e1")), Seen::fresh);
}

// It would stay, without a mark, and happen again with the next run.
TEST_F(SqliteInboxTest, NothingIsWrittenAfterARollback) {
  const auto inbox = open();
  const auto transaction = begin(*inbox);
  ASSERT_TRUE(transaction->admit(key("e1")));
  auto& handle_of = *static_cast<SqliteTransaction*>(transaction->handle());
  ASSERT_TRUE(handle_of.execute("CREATE TEMP TABLE once (x UNIQUE)"));
  ASSERT_TRUE(handle_of.execute("INSERT INTO once VALUES (1)"));
  EXPECT_TRUE(transaction->alive());
  ASSERT_FALSE(handle_of.execute("INSERT OR ROLLBACK INTO once VALUES (1)"));
  EXPECT_FALSE(transaction->alive());
  const auto late = handle_of.execute("INSERT INTO effects VALUES ('e1')");
  ASSERT_FALSE(late);
  EXPECT_NE(late.error().message.find("return its error"), std::string::npos) << late.error().message;
  EXPECT_EQ(count("effects"), 0);
}

TEST_F(SqliteInboxTest, InstancesOfOneHostShareTheMarks) {
  const auto first = open();
  const auto second = open();
  std::atomic<int> fresh = 0;
  const auto all = [&](Inbox& inbox) {
    for (int group = 0; group < 20; ++group) {
      const auto transaction = begin(inbox);
      for (int i = 0; i < 10; ++i) {
        if (handle(*transaction, key("e" + std::to_string(group * 10 + i))) == Seen::fresh) ++fresh;
      }
      ASSERT_TRUE(transaction->commit());
    }
  };
  {
    const auto executor = thread_executor();
    const auto one = executor->spawn("first", [&] { all(*first); });
    const auto other = executor->spawn("second", [&] { all(*second); });
  }
  EXPECT_EQ(fresh, 200);
  EXPECT_EQ(count("effects"), 200);
}

TEST_F(SqliteInboxTest, SubscriptionsOfOneProcessTakeTurns) {
  const auto inbox = open();
  const auto all = [&](std::string group) {
    for (int i = 0; i < 50; ++i) {
      const auto transaction = begin(*inbox);
      const std::string id = "e" + std::to_string(i);
      InboxKey mark = key(id);
      mark.group = group;
      handle(*transaction, mark);
      if (i % 3 == 0) continue;
      EXPECT_TRUE(transaction->commit());
    }
  };
  {
    const auto executor = thread_executor();
    const auto one = executor->spawn("first", [&] { all("one"); });
    const auto other = executor->spawn("second", [&] { all("other"); });
  }
  EXPECT_EQ(count("effects"), 66);
}

TEST_F(SqliteInboxTest, IsUnavailableWhileAnotherWriterHoldsTheDatabase) {
  auto database = Sqlite::open(path(), {.busy_timeout = 20ms});
  const auto inbox = *open_sqlite_inbox(*database);
  const auto other = open();
  auto held = begin(*other);
  EXPECT_EQ(inbox->begin(kStart).error().kind, ErrorKind::unavailable);
  held.reset();
  EXPECT_TRUE(inbox->begin(kStart));
}

}  // namespace
}  // namespace tidings
