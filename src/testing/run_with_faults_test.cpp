// E7. The first two tests are how users look for handlers that do not stand it that an event comes twice.
#include <gmock/gmock.h>

#include <map>
#include <set>

#include "testing/sample_bookshop.hpp"
#include "tests/support/scratch_directory.hpp"
#include "tidings/sqlite.hpp"

namespace bookshop {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Ne;
using ::testing::SizeIs;
using tidings::Context;
using tidings::Contract;
using tidings::Result;
using tidings::testing::FaultFinding;
using tidings::testing::FaultReport;
using tidings::testing::Harness;
using Kind = FaultFinding::Kind;

TEST(RunWithFaultsExample, FindsAHandlerThatCounts) {
  Shelf reserved;
  Harness harness{[&](Contract& service) {
    service.on<BookOrdered>([&](const BookOrdered& book) { reserved[book.title] += book.copies; });
  }};
  ASSERT_TRUE(harness.publish(BookOrdered{"Emma", 2}, {.id = "event-1", .aggregate_id = "Emma"}));

  const auto report = harness.run_with_faults(7, [&] { return text_of(reserved); });

  ASSERT_THAT(report.findings, SizeIs(1)) << report;
  EXPECT_THAT(report.text(), HasSubstr("state: on<BookOrdered> of group 'service' on 'books', event event-1 "
                                       "(key 'Emma') (seed 7)\n"
                                       "    it came again, and handling it changed what the service stores\n"
                                       "    before the second run:\n"
                                       "      Emma: 2\n"
                                       "    after it:\n"
                                       "      Emma: 4\n"));
}

TEST(RunWithFaultsExample, FindsNothingWhereARepetitionChangesNothing) {
  Shelf reserved;
  Harness harness{[&](Contract& service) {
    service.publishes<BookReserved>();
    service.on<BookOrdered>([&](const BookOrdered& book, Context& context) -> Result<void> {
      reserved[context.event_id()] = book.copies;
      return context.publish(BookReserved{"reservation-" + context.event_id(), book.copies});
    });
  }};
  order(harness, "Emma", 2);
  order(harness, "Persuasion", 1);

  const auto report = harness.run_with_faults(7, [&] { return text_of(reserved); });

  EXPECT_TRUE(report.clean()) << report;
  EXPECT_GE(report.compared, 2u) << report;
  EXPECT_EQ(harness.published<BookReserved>().size(), 2u);
}

// The effect of a handler with an inbox, in its transaction.
Result<void> reserve(const BookOrdered& book, Context& context) {
  auto stored = context.transaction<tidings::SqliteTransaction>().execute("INSERT INTO reserved VALUES (?, ?)",
                                                                          book.title, book.copies);
  if (!stored) return stored.error();
  return context.publish(BookReserved{"reservation", book.copies});
}

TEST(RunWithFaults, FindsNothingWithAnInbox) {
  const tidings::testing::ScratchDirectory directory;
  auto database = tidings::Sqlite::open((directory / "books.db").string()).value();
  ASSERT_TRUE(database.script("CREATE TABLE reserved (title TEXT NOT NULL, copies INTEGER NOT NULL)"));
  Harness harness{[&](Contract& service) {
                    service.publishes<BookReserved>();
                    service.on<BookOrdered>(reserve);
                    service.on<BookOrdered>(reserve, {.group = "on the same database"});
                  },
                  {.inbox = tidings::open_sqlite_inbox(database).value()}};
  for (int i = 0; i < 20; ++i) order(harness, "book " + std::to_string(i), i + 1);

  const auto report = harness.run_with_faults(7, [&] {
    return std::to_string(database.value<std::int64_t>("SELECT sum(copies) FROM reserved").value().value_or(0));
  });

  EXPECT_TRUE(report.clean()) << report;
  EXPECT_EQ(report.losses, 40u);
  EXPECT_EQ(database.value<std::int64_t>("SELECT count(*) FROM reserved").value(), 40);
  EXPECT_THAT(harness.skipped(), SizeIs(40));
  EXPECT_EQ(harness.published<BookReserved>().size(), 40u);
}

// What a transaction takes back was not done: that it is done again, or becomes a dead letter, says nothing.
TEST(RunWithFaults, KnowsThatATransactionMayBeTakenBack) {
  const tidings::testing::ScratchDirectory directory;
  auto database = tidings::Sqlite::open((directory / "books.db").string()).value();
  ASSERT_TRUE(
      database.script("CREATE TABLE books (title TEXT PRIMARY KEY); INSERT INTO books VALUES ('Emma');"
                      "CREATE TABLE reserved (title TEXT NOT NULL REFERENCES books DEFERRABLE INITIALLY "
                      "DEFERRED, copies INTEGER NOT NULL)"));
  Harness harness{[&](Contract& service) {
                    service.publishes<BookReserved>();
                    service.on<BookOrdered>(reserve, {.retry = {.attempts_max = 2, .delay_first = 1s}});
                  },
                  {.inbox = tidings::open_sqlite_inbox(database).value()}};
  for (int i = 0; i < 5; ++i) order(harness, "Emma", 1);
  order(harness, "a book that is not there", 1);

  const auto report = harness.run_with_faults(1, [&] {
    return std::to_string(database.value<std::int64_t>("SELECT count(*) FROM reserved").value().value_or(0));
  });

  EXPECT_TRUE(report.clean()) << report;
  EXPECT_EQ(report.compared, 0u);
  EXPECT_THAT(harness.dead(), SizeIs(1));
  EXPECT_EQ(database.value<std::int64_t>("SELECT count(*) FROM reserved").value(), 5);
}

TEST(RunWithFaults, FindsWhatBecomesADeadLetterTheSecondTime) {
  std::set<std::string> known;
  Harness harness{[&](Contract& service) {
    service.on<BookOrdered>(
        [&](const BookOrdered& book) -> Result<void> {
          if (known.insert(book.title).second) return {};
          return tidings::conflict("there is an order of " + book.title);
        },
        {.retry = {.attempts_max = 2, .delay_first = 1s}});
  }};
  order(harness, "Emma", 2);

  const auto report = harness.run_with_faults(1);

  EXPECT_THAT(report.findings,
              ElementsAre(AllOf(Field(&FaultFinding::kind, Kind::buried), Field(&FaultFinding::key, "Emma"),
                                Field(&FaultFinding::second, "there is an order of Emma"))))
      << report;
}

TEST(RunWithFaults, BlamesNobodyWhoFailsNowAndThen) {
  Shelf reserved;
  Shelf runs;
  Harness harness{[&](Contract& service) {
    service.on<BookOrdered>(
        [&](const BookOrdered& book) {
          if (book.copies == 0) throw std::runtime_error{"nothing is ordered"};
          if (++runs[book.title] % 3 != 0) throw std::runtime_error{"the shelf is jammed"};
          reserved[book.title] = book.copies;
        },
        {.retry = {.attempts_max = 9, .delay_first = 1s}});
  }};
  for (int copies = 0; copies < 5; ++copies) order(harness, "book " + std::to_string(copies), copies);

  const auto report = harness.run_with_faults(1, [&] { return text_of(reserved); });

  EXPECT_TRUE(report.clean()) << report;
  EXPECT_GE(report.compared, 4u) << report;
  EXPECT_THAT(reserved, SizeIs(4));
  EXPECT_THAT(harness.dead(), SizeIs(1));
}

// Which of two events of a key is written down last is a question of their order, not of a repetition.
TEST(RunWithFaults, DoesNotConfuseTheOrderOfAKeyWithARepetition) {
  std::map<std::string, std::string> states;
  Harness harness{[&](Contract& service) {
    service.on<BookOrdered>([&](const BookOrdered& book) { states[book.title] = "ordered"; }, {.concurrency = 8});
    service.on<BookReturned>([&](const BookReturned& book) { states[book.title] = "returned"; }, {.concurrency = 8});
    service.on<BookReturned>([&](const BookReturned& book) { states[book.title] = "counted"; }, {.group = "counting"});
  }};
  for (int i = 0; i < 10; ++i) {
    const std::string title = "book " + std::to_string(i);
    order(harness, title, 1);
    ASSERT_TRUE(harness.publish(BookReturned{title}, {.aggregate_id = title}));
  }
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const auto report = harness.run_with_faults(seed, [&] {
      std::string text;
      for (const auto& [title, state] : states) text += title + ": " + state + "\n";
      return text;
    });
    EXPECT_TRUE(report.clean()) << report;
    if (seed == 1) {
      EXPECT_GE(report.compared, 30u) << report;
      EXPECT_LT(report.not_compared, report.compared / 2) << report;
    }
  }
}

// Groups, keys, retries, dead letters, two handlers that are not idempotent among others that are.
FaultReport run_a_busy_shop(std::uint64_t seed) {
  Shelf ordered;
  Shelf returned;
  int attempts = 0;
  Harness harness{[&](Contract& service) {
    service.publishes<BookReserved>();
    service.on<BookOrdered>(
        [&](const BookOrdered& book, Context& context) -> Result<void> {
          if (book.copies == 0) return tidings::invalid("nothing is ordered");
          if (++attempts % 4 == 0) return tidings::unavailable("the shelf is jammed");
          ordered[book.title] += book.copies;
          return context.publish(BookReserved{"r", book.copies});
        },
        {.retry = {.attempts_max = 9, .delay_first = 1s}, .concurrency = 4});
    service.on<BookReturned>([&](const BookReturned& book) { returned[book.title] = 1; }, {.concurrency = 4});
    service.on<BookReserved>([&](const BookReserved&, Context& context) {
      returned[context.aggregate_id()] = 2;
      returned["all"] += 1;
    });
  }};
  for (int i = 0; i < 30; ++i) {
    const std::string title = "book " + std::to_string(i % 10);
    order(harness, title, i % 7);
    EXPECT_TRUE(harness.publish(BookReturned{title}, {.aggregate_id = title}));
  }
  auto report = harness.run_with_faults(seed, [&] { return text_of(ordered) + "/\n" + text_of(returned); });
  EXPECT_THAT(harness.dead(), SizeIs(5));
  return report;
}

TEST(RunWithFaults, GivesTheSameReportForTheSameSeed) {
  const FaultReport first = run_a_busy_shop(1);
  EXPECT_EQ(run_a_busy_shop(1).text(), first.text());
  const FaultReport other = run_a_busy_shop(2);
  EXPECT_THAT(std::tuple(other.losses, other.compared, other.findings.front().event_id),
              Ne(std::tuple(first.losses, first.compared, first.findings.front().event_id)));
}

TEST(RunWithFaults, FindsThoseThatAreNotIdempotentAmongOthers) {
  const auto report = run_a_busy_shop(3);
  std::set<std::string> found;
  for (const FaultFinding& finding : report.findings) {
    EXPECT_EQ(finding.kind, Kind::state) << finding;
    found.insert(finding.handler);
  }
  EXPECT_THAT(found, ElementsAre("on<BookOrdered>", "on<BookReserved>")) << report;
}

TEST(RunWithFaults, TellsOfAHandlerThatHangs) {
  int waiting = 0;
  Shelf reserved;
  tidings::Executor* executor = nullptr;
  Harness harness{[&](Contract& service) {
    service.on<BookOrdered>(
        [&](const BookOrdered& book) {
          if (book.copies > 0) {
            reserved[book.title] = book.copies;
            return;
          }
          ++waiting;
          executor->sleep_until(executor->now() + 30min);
        },
        {.concurrency = 4});
  }};
  executor = &harness.executor();
  for (int copies = 0; copies < 5; ++copies) order(harness, "book " + std::to_string(copies), copies);

  const auto report = harness.run_with_faults(
      1, [&] { return text_of(reserved); }, 1min);

  EXPECT_THAT(report.findings, ElementsAre(AllOf(Field(&FaultFinding::kind, Kind::unsettled),
                                                 Field(&FaultFinding::second, HasSubstr("of 'books' for group")))))
      << report;
  // It is over for the others, too: they go on as they would without faults.
  ASSERT_TRUE(harness.run_until_idle());
  EXPECT_THAT(reserved, SizeIs(4));
  EXPECT_EQ(waiting, 1);
}

TEST(RunWithFaults, LooksAtBatches) {
  Shelf counted;
  Shelf kept;
  Harness harness{[&](Contract& service) {
    service.on_batch<BookOrdered>(
        [&](std::span<const tidings::Received<BookOrdered>> books) {
          for (const auto& book : books) counted[book.data.title] += book.data.copies;
          return std::vector<Result<void>>(books.size());
        },
        {.size = 5});
    service.on_batch<BookOrdered>(
        [&](std::span<const tidings::Received<BookOrdered>> books) {
          for (const auto& book : books) kept[book.data.title] = book.data.copies;
          return std::vector<Result<void>>(books.size());
        },
        {.size = 5}, {.group = "keeping"});
  }};
  for (int i = 0; i < 20; ++i) order(harness, "book " + std::to_string(i), 1);

  const auto report = harness.run_with_faults(1, [&] { return text_of(counted) + "/\n" + text_of(kept); });

  EXPECT_GE(report.compared, 2u) << report;
  ASSERT_FALSE(report.clean());
  for (const FaultFinding& finding : report.findings) EXPECT_EQ(finding.group, "service") << finding;
  EXPECT_THAT(kept, SizeIs(20));
}

TEST(RunWithFaults, LetsOutWhatTheSnapshotThrows) {
  Harness harness{[](Contract& service) { service.on<BookOrdered>([](const BookOrdered&) {}); }};
  order(harness, "Emma", 2);
  const auto locked = []() -> std::string { throw std::runtime_error{"the table is locked"}; };
  EXPECT_THROW(harness.run_with_faults(1, locked), std::runtime_error);
  EXPECT_THAT(harness.dead(), IsEmpty());
}

TEST(RunWithFaults, LeavesTheHarnessAsItWas) {
  int runs = 0;
  Harness harness{[&](Contract& service) { service.on<BookOrdered>([&](const BookOrdered&) { ++runs; }); }};
  EXPECT_TRUE(harness.run_with_faults(1).clean());
  EXPECT_EQ(runs, 0);
  order(harness, "Emma", 2);
  ASSERT_TRUE(harness.run_until_idle());
  EXPECT_EQ(runs, 1);
  order(harness, "Emma", 2);
  const auto report = harness.run_with_faults(1);
  EXPECT_EQ(runs - 2, static_cast<int>(report.losses));
}

}  // namespace
}  // namespace bookshop
