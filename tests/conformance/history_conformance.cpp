// P3 and P7: reading history changes nothing; a range replay goes to one group only.
#include "tests/conformance/conformance.hpp"

namespace tidings::conformance {
namespace {

using transport::Cursor;
using transport::HistoryEntry;
using transport::HistoryRange;

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

class HistoryReader {
 public:
  explicit HistoryReader(transport::History& history) : history_{history} {}

  std::vector<std::string> ids(const HistoryRange& range, const Cursor& after = {}, std::size_t limit = 1'000) {
    std::vector<std::string> ids;
    const auto read = history_.read(range, after, limit, [&](const HistoryEntry& entry) {
      ids.emplace_back(entry.record.id);
      return true;
    });
    EXPECT_TRUE(read) << read.error().message;
    next_ = read.value_or("");
    return ids;
  }
  const Cursor& next() const { return next_; }

 private:
  transport::History& history_;
  Cursor next_;
};

TEST_P(HistoryConformance, ReadsEachKeyInOrderOfPublishing) {
  declare_topic("orders");
  publish_numbers("orders", 0, 10, 2);
  HistoryReader reader{*here().operations().history};
  EXPECT_EQ(reader.ids({.topic = "orders"}).size(), 10u);
  EXPECT_THAT(reader.ids({.topic = "orders", .key = "key-0"}), ElementsAre("0", "2", "4", "6", "8"));
  EXPECT_THAT(reader.ids({.topic = "orders", .key = "key-1"}), ElementsAre("1", "3", "5", "7", "9"));
}

TEST_P(HistoryConformance, GoesOnWhereItStopped) {
  declare_topic("orders");
  publish_numbers("orders", 0, 5, 1);
  HistoryReader reader{*here().operations().history};
  EXPECT_EQ(reader.ids({.topic = "orders"}, {}, 2), (std::vector<std::string>{"0", "1"}));
  EXPECT_EQ(reader.ids({.topic = "orders"}, reader.next(), 2), (std::vector<std::string>{"2", "3"}));
  EXPECT_EQ(reader.ids({.topic = "orders"}, reader.next()), (std::vector<std::string>{"4"}));
  EXPECT_TRUE(reader.ids({.topic = "orders"}, reader.next()).empty());
  publish_numbers("orders", 5, 1, 1);
  EXPECT_EQ(reader.ids({.topic = "orders"}, reader.next()), (std::vector<std::string>{"5"}));
}

TEST_P(HistoryConformance, StopsWhenTheVisitorHasEnough) {
  declare_topic("orders");
  publish_numbers("orders", 0, 5, 1);
  int visited = 0;
  const auto next = here().operations().history->read({.topic = "orders"}, {}, 100,
                                                      [&](const HistoryEntry&) { return ++visited < 3; });
  ASSERT_TRUE(next);
  EXPECT_EQ(visited, 3);
  HistoryReader reader{*here().operations().history};
  EXPECT_EQ(reader.ids({.topic = "orders"}, *next), (std::vector<std::string>{"3", "4"}));
}

TEST_P(HistoryConformance, ReadsATimeRangeAndAKey) {
  declare_topic("orders");
  publish_numbers("orders", 0, 3, 3);
  executor().sleep_until(now() + moment());
  const Time from = now();
  publish_numbers("orders", 3, 3, 3);
  executor().sleep_until(now() + moment());
  const Time to = now();
  publish_numbers("orders", 6, 3, 3);
  HistoryReader reader{*here().operations().history};
  EXPECT_THAT(reader.ids({.topic = "orders", .from = from, .to = to}), UnorderedElementsAre("3", "4", "5"));
  EXPECT_EQ(reader.ids({.topic = "orders", .key = "key-1"}), (std::vector<std::string>{"1", "4", "7"}));
}

TEST_P(HistoryConformance, ReadsNothingFromATimeThatNothingReached) {
  declare_topic("orders");
  publish_numbers("orders", 0, 3);
  executor().sleep_until(now() + moment());
  const Time from = now();
  HistoryReader reader{*here().operations().history};
  EXPECT_TRUE(reader.ids({.topic = "orders", .from = from}).empty());
  const Time start = now();
  ASSERT_TRUE(here().operations().history->wait("orders", reader.next(), start + unit()));
  EXPECT_GE(now(), start + unit()) << "it waited for what was there already";
  publish_numbers("orders", 3, 1);
  EXPECT_EQ(reader.ids({.topic = "orders", .from = from}, reader.next()), (std::vector<std::string>{"3"}));
}

TEST_P(HistoryConformance, P3ReadingChangesNothing) {
  declare_topic("orders");
  auto reader = join("g", "orders");
  publish_numbers("orders", 0, 5);
  EXPECT_EQ(history("orders").size(), 5u);
  EXPECT_EQ(lag("g", "orders")->unsettled, 5u);
  EXPECT_EQ(reader.next(5, soon()).size(), 5u);
  EXPECT_TRUE(reader.accept(reader.received()));
  EXPECT_EQ(history("orders").size(), 5u);
  EXPECT_TRUE(reader.all_within(unit()).empty());
}

TEST_P(HistoryConformance, WaitsForMore) {
  declare_topic("orders");
  publish_numbers("orders", 0, 1);
  HistoryReader reader{*here().operations().history};
  reader.ids({.topic = "orders"});
  const Time start = now(), late = soon();
  const auto later = executor().spawn("later", [&] {
    executor().sleep_until(start + unit());
    publish_numbers("orders", 1, 1);
  });
  ASSERT_TRUE(process("elsewhere").operations().history->wait("orders", reader.next(), start + std::chrono::hours{1}));
  EXPECT_GE(now(), start + unit());
  EXPECT_LT(now(), late);
}

TEST_P(HistoryConformance, P3ARangeReplayGoesToOneGroupOnly) {
  declare_topic("orders");
  auto first = join("first", "orders");
  auto second = join("second", "orders");
  publish_numbers("orders", 0, 6, 3);
  ASSERT_EQ(first.next(6, soon()).size(), 6u);
  ASSERT_EQ(second.next(6, soon()).size(), 6u);
  ASSERT_TRUE(first.accept(first.received()));
  ASSERT_TRUE(second.accept(second.received()));
  const auto replayed = here().operations().history->replay({.topic = "orders", .key = "key-1"}, "first", "replay-7");
  ASSERT_TRUE(replayed) << replayed.error().message;
  EXPECT_EQ(*replayed, 2u);
  const auto again = first.next(2, soon());
  EXPECT_EQ(ids_of(again), (std::vector<std::string>{"1", "4"}));
  for (const auto& delivery : again) EXPECT_EQ(delivery.replay_id, "replay-7");
  EXPECT_TRUE(second.all_within(2 * unit()).empty());
  EXPECT_TRUE(first.accept(again));
  EXPECT_EQ(lag("first", "orders")->unsettled, 0u);
}

TEST_P(HistoryConformance, ARangeReplaySurvivesAHandOver) {
  declare_topic("orders");
  publish_numbers("orders", 0, 3, 1);
  {
    auto reader = join("g", "orders");
    ASSERT_EQ(reader.next(3, soon()).size(), 3u);
    ASSERT_TRUE(reader.accept(reader.received()));
  }
  ASSERT_EQ(here().operations().history->replay({.topic = "orders"}, "g", "").value(), 3u);
  auto reader = join("g", "orders", "elsewhere");
  EXPECT_EQ(ids_of(reader.next(3, soon())), (std::vector<std::string>{"0", "1", "2"}));
}

TEST_P(HistoryConformance, RefusesAReplayToNobody) {
  declare_topic("orders");
  publish_numbers("orders", 0, 1);
  const auto replayed = here().operations().history->replay({.topic = "orders"}, "nobody", "");
  ASSERT_FALSE(replayed);
  EXPECT_EQ(replayed.error().kind, ErrorKind::invalid);
}

}  // namespace
}  // namespace tidings::conformance
