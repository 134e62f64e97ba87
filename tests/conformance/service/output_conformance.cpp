// P7: the ids of what handlers publish.
#include <set>

#include "tests/conformance/service/service_conformance.hpp"

namespace tidings::conformance {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::SizeIs;

TEST_P(OnceConformance, P7DerivedIdsTellKeysAndOrdinalsApartAndAnExplicitIdWins) {
  work({});
  for (int run = 0; run < 2; ++run) {
    send({{{.number = 1, .publishes = 2, .keys = {"x", "y", "x"}, .done_id = "mine"}, "k", "one"}});
  }
  ASSERT_TRUE(settled());
  std::map<std::string, int> times;
  std::map<std::string, std::set<std::string>> keys;
  for (const auto& record : history(kDone)) {
    ++times[record.id];
    keys[record.id].insert(record.key.value_or(""));
  }
  EXPECT_THAT(times, SizeIs(6));
  EXPECT_THAT(times, Each(::testing::Pair(::testing::_, 2))) << "a rerun gives the same";
  EXPECT_THAT(times, Contains(std::pair{std::string{"mine"}, 2}));
  for (const auto& [id, of_id] : keys) EXPECT_THAT(of_id, SizeIs(1)) << id;
}

TEST_P(OnceConformance, P7DerivedIdsTellEventsAndSubscriptionsApart) {
  work({.instance = "shop-1", .group = "shop"});
  work({.instance = "audit-1", .group = "audit"});
  send({{{.number = 1, .publishes = 1}, "k", "one"}, {{.number = 1, .publishes = 1}, "k", "two"}});
  ASSERT_TRUE(settled("shop"));
  ASSERT_TRUE(settled("audit"));
  std::set<std::string> ids;
  for (const auto& record : history(kDone)) ids.insert(record.id);
  EXPECT_THAT(ids, SizeIs(4));
}

// A run that fails, by whatever it fails, leaves nothing; the one that succeeds gives what the first would have given.
TEST_P(OnceConformance, P7ARunAfterFailuresPublishesTheIdsOfTheFirst) {
  work({.delay_first = units(0.2)});
  send({{{.number = 1, .publishes = 1}, "k", "one"}});
  send({{{.number = 2, .fails = 1, .publishes = 1}, "k", "one"}});
  send({{{.number = 3, .fails = 2, .throws = "exception", .publishes = 1}, "k", "one"}});
  ASSERT_TRUE(settled());
  std::set<std::string> ids;
  for (const auto& record : history(kDone)) ids.insert(record.id);
  EXPECT_THAT(published(), ::testing::ElementsAre("1 1", "2 2", "3 3"));
  EXPECT_THAT(ids, SizeIs(1));
}

// Without an inbox a range replay runs all of it; what that publishes has the ids that it had, or those of the replay.
TEST_P(ReplayingConformance, P7WithoutAnInboxIdsOfOutputsSayWhatIsARepetition) {
  if (here().operations().history == nullptr) GTEST_SKIP() << "the transport keeps no history";
  work({});
  send({{{.number = 1, .publishes = 2}, "a"}, {{.number = 2, .publishes = 1}, "b"}});
  ASSERT_TRUE(settled());
  const auto outputs = [&] {
    std::map<std::string, int> times;
    for (const auto& record : history(kDone)) ++times[record.id];
    return times;
  };
  ASSERT_THAT(outputs(), SizeIs(3));
  std::size_t runs = 2;
  const auto replay = [&](const std::string& id, const std::optional<std::string>& key = std::nullopt) {
    runs += here().operations().history->replay({.topic = kTasks, .key = key}, "shop", id).value();
    ASSERT_TRUE(within(unit(), [&] { return count("end") == runs; }));
    ASSERT_TRUE(settled());
  };
  replay("");
  EXPECT_THAT(outputs(), SizeIs(3));
  for (const auto& [id, times] : outputs()) EXPECT_EQ(times, 2) << id;
  replay("again");
  EXPECT_THAT(outputs(), SizeIs(6));
  replay("again");
  EXPECT_THAT(outputs(), SizeIs(6));
  replay("again, one key of it", "b");
  EXPECT_THAT(outputs(), SizeIs(7));
}

}  // namespace
}  // namespace tidings::conformance
