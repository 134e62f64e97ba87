// A35: the user's own database, as handlers see it.
#include "tidings/sqlite.hpp"

#include <gtest/gtest.h>

#include "tests/support/scratch_directory.hpp"

namespace tidings {
namespace {

using namespace std::chrono_literals;
using testing::ScratchDirectory;

class SqliteTest : public ::testing::Test {
 protected:
  SqliteTest() : database_{std::move(*Sqlite::open(path()))} {
    EXPECT_TRUE(database_.script("CREATE TABLE orders (id TEXT PRIMARY KEY, cents INTEGER, note, CHECK (cents >= 0))"));
  }
  std::string path() const { return directory_ / "shop.db"; }
  std::int64_t count() { return **database_.value<std::int64_t>("SELECT count(*) FROM orders"); }

  ScratchDirectory directory_;
  Sqlite database_;
};

TEST_F(SqliteTest, WritesAndReadsEveryKindOfValue) {
  const std::array bytes{std::byte{0}, std::byte{255}};
  const std::string text{"a\0b", 3};
  EXPECT_EQ(*database_.execute("INSERT INTO orders VALUES (?, ?, ?)", text, 7u, nullptr), 1);
  EXPECT_EQ(*database_.execute("INSERT INTO orders VALUES (?, ?, ?)", "literal", std::optional<int>{}, bytes), 1);
  EXPECT_EQ(*database_.execute("INSERT INTO orders VALUES (?, ?, ?)", std::string_view{}, true, 0.5), 1);
  std::vector<std::string> seen;
  ASSERT_TRUE(database_.query(
      [&](const SqliteRow& row) {
        seen.push_back(row.get<std::string>(0));
        if (seen.size() == 1) {
          EXPECT_EQ(row.get<int>(1), 7);
          EXPECT_TRUE(row.is_null(2));
        } else if (seen.size() == 2) {
          EXPECT_EQ(row.get<std::optional<int>>(1), std::nullopt);
          EXPECT_TRUE(std::ranges::equal(row.blob(2), bytes));
        } else {
          EXPECT_TRUE(row.get<bool>(1));
          EXPECT_EQ(row.get<double>(2), 0.5);
        }
      },
      "SELECT * FROM orders ORDER BY rowid"));
  EXPECT_EQ(seen, (std::vector<std::string>{text, "literal", ""}));
}

TEST_F(SqliteTest, GivesTheFirstValueOrNothing) {
  EXPECT_EQ(*database_.value<std::string>("SELECT id FROM orders"), std::nullopt);
  ASSERT_TRUE(database_.execute("INSERT INTO orders VALUES ('o1', 5, NULL)"));
  EXPECT_EQ(*database_.value<int>("SELECT cents FROM orders WHERE id = ?", "o1"), 5);
}

TEST_F(SqliteTest, RunsAStatementInsideTheRowsOfItself) {
  ASSERT_TRUE(database_.script("INSERT INTO orders VALUES ('a', 1, NULL), ('b', 2, NULL)"));
  const std::string sql = "SELECT cents FROM orders ORDER BY id";
  int inner = 0;
  ASSERT_TRUE(database_.query([&](const SqliteRow&) { inner += **database_.value<int>(sql); }, sql));
  EXPECT_EQ(inner, 2);
}

TEST_F(SqliteTest, KeepsOnlySoManyStatements) {
  auto small = Sqlite::open(path(), {.statements_max = 2});
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(*small->value<int>("SELECT " + std::to_string(i)), i);
    EXPECT_EQ(*small->value<int>("SELECT 42"), 42);
  }
}

TEST_F(SqliteTest, CommitsWhatReturnedWell) {
  ASSERT_TRUE(database_.transact([](SqliteTransaction& transaction) -> Result<void> {
    auto inserted = transaction.execute("INSERT INTO orders VALUES ('o1', 5, NULL)");
    if (!inserted) return inserted.error();
    return {};
  }));
  EXPECT_EQ(count(), 1);
}

TEST_F(SqliteTest, RollsBackAFailureAndAnException) {
  const auto failed = database_.transact([](SqliteTransaction& transaction) -> Result<void> {
    EXPECT_TRUE(transaction.execute("INSERT INTO orders VALUES ('o1', 5, NULL)"));
    return invalid("no");
  });
  EXPECT_EQ(failed.error().message, "no");
  EXPECT_THROW(static_cast<void>(database_.transact([](SqliteTransaction& transaction) -> Result<void> {
                 EXPECT_TRUE(transaction.execute("INSERT INTO orders VALUES ('o1', 5, NULL)"));
                 throw std::runtime_error{"no"};
               })),
               std::runtime_error);
  EXPECT_EQ(count(), 0);
}

TEST_F(SqliteTest, ErrorsSayWhatTheCallerShouldDo) {
  ASSERT_TRUE(database_.execute("INSERT INTO orders VALUES ('o1', 5, NULL)"));
  EXPECT_EQ(database_.execute("INSERT INTO orders VALUES ('o1', 5, NULL)").error().kind, ErrorKind::conflict);
  EXPECT_EQ(database_.execute("INSERT INTO orders VALUES ('o2', -5, NULL)").error().kind, ErrorKind::conflict);
  EXPECT_EQ(database_.execute("SELEC 1").error().kind, ErrorKind::invalid);
  EXPECT_EQ(database_.execute("INSERT INTO orders VALUES (?, ?, ?)", 1).error().kind, ErrorKind::invalid);
  EXPECT_EQ(database_.execute("DELETE FROM orders; DELETE FROM orders").error().kind, ErrorKind::invalid);
  EXPECT_EQ(database_.execute("").error().kind, ErrorKind::invalid);
  EXPECT_EQ(Sqlite::open(directory_ / "no/such/directory.db").error().kind, ErrorKind::unavailable);
  EXPECT_EQ(Sqlite::open(":memory:").error().kind, ErrorKind::unsupported);
  EXPECT_EQ(Sqlite::open(path(), {.busy_timeout = 0s}).error().kind, ErrorKind::invalid);
}

TEST_F(SqliteTest, AFullDatabaseIsOverloadedAndRecovers) {
  ASSERT_TRUE(database_.value<int>("PRAGMA max_page_count = 10"));
  Result<std::int64_t> last = 0;
  for (int i = 0; i < 100 && last; ++i) {
    last = database_.execute("INSERT INTO orders VALUES (?, 1, zeroblob(4000))", i);
  }
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().kind, ErrorKind::overloaded);
  ASSERT_TRUE(database_.value<int>("PRAGMA max_page_count = 1000"));
  EXPECT_TRUE(database_.execute("INSERT INTO orders VALUES ('late', 1, zeroblob(4000))"));
}

TEST_F(SqliteTest, AFileThatIsNoDatabaseIsCorrupt) {
  directory_.write("text.db", std::string(5'000, 'x'));
  EXPECT_EQ(Sqlite::open(directory_ / "text.db").error().kind, ErrorKind::corrupt);
}

TEST_F(SqliteTest, IsDurableByDefault) {
  EXPECT_EQ(*database_.value<std::string>("PRAGMA journal_mode"), "wal");
  EXPECT_EQ(*database_.value<int>("PRAGMA synchronous"), 2);
  EXPECT_EQ(*database_.value<int>("PRAGMA foreign_keys"), 1);
  auto other = database_.connect();
  EXPECT_EQ(*other->value<int>("PRAGMA synchronous"), 2);
}

TEST_F(SqliteTest, WritersOfOneProcessQueueUp) {
  constexpr int kThreads = 4;
  constexpr int kEach = 50;
  {
    const auto executor = thread_executor();
    std::vector<std::unique_ptr<Thread>> threads;
    for (int t = 0; t < kThreads; ++t) {
      auto connection = std::make_shared<Sqlite>(std::move(*database_.connect()));
      threads.push_back(executor->spawn("writer", [connection, t] {
        for (int i = 0; i < kEach; ++i) {
          const auto done = connection->transact([&](SqliteTransaction& transaction) -> Result<void> {
            auto inserted = transaction.execute("INSERT INTO orders VALUES (?, 1, NULL)", t * kEach + i);
            if (!inserted) return inserted.error();
            return {};
          });
          EXPECT_TRUE(done) << done.error().message;
        }
      }));
    }
  }
  EXPECT_EQ(count(), kThreads * kEach);
}

TEST_F(SqliteTest, AWriterThatWaitsTooLongIsUnavailable) {
  auto impatient = Sqlite::open(path(), {.busy_timeout = 10ms});
  auto neighbour = impatient->connect();
  const auto write = [](SqliteTransaction&) -> Result<void> { return {}; };
  ASSERT_TRUE(impatient->transact([&](SqliteTransaction&) -> Result<void> {
    EXPECT_EQ(neighbour->transact(write).error().kind, ErrorKind::unavailable);  // of this process
    EXPECT_EQ(impatient->transact(write).error().kind, ErrorKind::invalid);      // one in another
    EXPECT_EQ(Sqlite::open(path(), {.busy_timeout = 10ms})->transact(write).error().kind, ErrorKind::unavailable);
    return {};
  }));
  EXPECT_TRUE(neighbour->transact(write));
}

}  // namespace
}  // namespace tidings
