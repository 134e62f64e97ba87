// P3, P7: replays of dead letters and of a past range go to one group alone, as often as asked for.
#include "tests/conformance/service/service_conformance.hpp"

namespace tidings::conformance {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Four tasks, of which the third becomes a dead letter.
std::vector<Order> four() {
  return {{{.number = 1, .publishes = 1}, "a"},
          {{.number = 2, .publishes = 1}, "b"},
          {{.number = 3, .refused = true, .publishes = 1, .trouble_in = "shop"}, "c"},
          {{.number = 4, .publishes = 1}, "d"}};
}

TEST_P(ReplayingConformance, P3ADeadLetterThatFailsAgainIsCounted) {
  work({.attempts_max = 2, .delay_first = units(0.1)});
  send({{{.number = 1, .fails = 9}}});
  ASSERT_TRUE(settled());
  for (int replays = 0; replays < 3; ++replays) {
    const auto letters = dead_letters();
    ASSERT_THAT(letters, SizeIs(1));
    EXPECT_EQ(letters[0].replays, replays);
    EXPECT_EQ(letters[0].attempts, 2) << "from 0 again";
    EXPECT_TRUE(here().operations().dead_letters->replay(letters[0].id).value());
    const std::size_t runs = 2u * static_cast<std::size_t>(replays + 2);
    ASSERT_TRUE(within(3 * unit(), [&] { return count("failed") == runs; }));
    ASSERT_TRUE(settled());
  }
}

TEST_P(ReplayingConformance, P3WhatIsDiscardedIsGoneAndRunsNoMore) {
  work({.instance = "shop-1"});
  work({.instance = "audit-1", .group = "audit"});
  send(four());
  ASSERT_TRUE(settled("shop"));
  ASSERT_TRUE(settled("audit"));
  const auto letters = dead_letters();
  ASSERT_THAT(letters, SizeIs(1));
  transport::DeadLetters& store = *here().operations().dead_letters;
  EXPECT_TRUE(store.discard(letters[0].id).value());
  EXPECT_FALSE(store.discard(letters[0].id).value()) << "harmless when repeated";
  EXPECT_FALSE(store.replay(letters[0].id).value());
  EXPECT_THAT(dead_letters(), IsEmpty());
  send({{{.number = 5}, "c"}});
  ASSERT_TRUE(settled());
  EXPECT_THAT(entries("begin"), SizeIs(5));
}

// Without `again` a range replay repairs: what was handled is a duplicate, what never was runs.
TEST_P(ReplayingConformance, P7ARangeReplayRunsOnlyWhatWasNeverHandled) {
  if (here().operations().history == nullptr) GTEST_SKIP() << "the transport keeps no history";
  work({.instance = "shop-1", .inbox = true});
  work({.instance = "audit-1", .group = "audit"});
  send(four());
  ASSERT_TRUE(settled("shop"));
  ASSERT_TRUE(settled("audit"));
  EXPECT_THAT(effects(), ElementsAre("task-1", "task-2", "task-4"));
  const auto before = output_ids();

  EXPECT_EQ(here().operations().history->replay({.topic = kTasks}, "shop", "").value(), 4u);
  ASSERT_TRUE(within(unit(), [&] { return effects().size() == 4; }));
  ASSERT_TRUE(settled("shop"));
  EXPECT_THAT(effects(), ElementsAre("task-1", "task-2", "task-3", "task-4"));
  EXPECT_THAT(decisions(4), Contains("skipped duplicate").Times(3));
  EXPECT_THAT(output_ids(), SizeIs(before.size() + 1)) << "a duplicate may send its outputs again, by the same ids";
  EXPECT_THAT(entries("begin", "shop"), SizeIs(5)) << "the refused one twice";
  EXPECT_THAT(entries("begin", "audit"), SizeIs(4)) << "it is not theirs";
}

TEST_P(ReplayingConformance, P7ARangeReplayWithAgainRunsAllOfItOncePerReplay) {
  if (here().operations().history == nullptr) GTEST_SKIP() << "the transport keeps no history";
  work({.instance = "shop-1", .inbox = true});
  work({.instance = "audit-1", .group = "audit"});
  send(four());
  ASSERT_TRUE(settled("shop"));
  ASSERT_TRUE(settled("audit"));
  transport::History& history = *here().operations().history;
  // The second one repeats the first: somebody asked twice for the same.
  for (const std::string id : {"replay-1", "replay-1", "replay-2"}) {
    EXPECT_EQ(history.replay({.topic = kTasks}, "shop", id).value(), 4u);
    ASSERT_TRUE(settled("shop"));
  }
  std::map<std::string, int> times;
  for (const std::string& id : effects()) ++times[id];
  EXPECT_THAT(times, ElementsAre(std::pair{"task-1", 3}, std::pair{"task-2", 3}, std::pair{"task-3", 2},
                                 std::pair{"task-4", 3}));
  EXPECT_THAT(decisions(5), Contains("skipped duplicate").Times(4));
  EXPECT_THAT(entries("begin", "audit"), SizeIs(4)) << "it is not theirs";
  std::map<std::string, int> outputs;
  for (const auto& record : this->history(kDone)) ++outputs[record.id];
  EXPECT_THAT(outputs, SizeIs(4 + 3 + 4 + 4)) << "audit's, shop's, and those of each replay under ids of their own";
}

}  // namespace
}  // namespace tidings::conformance
