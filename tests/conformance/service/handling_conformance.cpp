// P2, P3, P4: what handlers publish leaves when they succeed; retries; order over lanes and processes; timeouts.
#include "tests/conformance/service/service_conformance.hpp"

namespace tidings::conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// When the first entry of that step, number and attempt was written.
std::optional<Time> when(const std::vector<Entry>& entries, const std::string& step, int number, int attempt = 1) {
  for (const Entry& entry : entries) {
    if (entry.step == step && entry.number == number && entry.attempt == attempt) return entry.at;
  }
  ADD_FAILURE() << "no " << step << " of task " << number << ", attempt " << attempt;
  return std::nullopt;
}

TEST_P(HandlingConformance, P2WhatAHandlerPublishesLeavesOnlyWhenItSucceeds) {
  work({.delay_first = units(0.2)});
  send({{{.number = 1, .fails = 2, .publishes = 2}, "a"},
        {{.number = 2, .refused = true, .publishes = 1}, "b"},
        {{.number = 3, .fails = 9, .publishes = 1}, "c"},
        {{.number = 4, .publishes = 1}, "d"}});
  ASSERT_TRUE(settled());
  EXPECT_THAT(published(), ElementsAre("1 3", "1 3", "4 1"));
  EXPECT_THAT(dead_letters("shop"), SizeIs(2));
}

// P3: each failure lies a backoff behind the last one, and the attempts end in a dead letter.
TEST_P(HandlingConformance, P3TheBackoffGrowsAndEndsInADeadLetter) {
  work({.delay_first = units(1)});
  send({{{.number = 1, .fails = 9}}});
  ASSERT_TRUE(settled());
  const auto runs = entries("begin");
  ASSERT_THAT(runs, SizeIs(3));
  EXPECT_GE(runs[1].at - runs[0].at, unit());
  EXPECT_GE(runs[2].at - runs[1].at, 2 * unit());
  const auto letters = dead_letters("shop");
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].reason, "failed");
  EXPECT_EQ(letters[0].attempts, 3);
  EXPECT_THAT(letters[0].error, ::testing::HasSubstr("the task asks to fail"));
}

TEST_P(HandlingConformance, P4AStrictRetryHoldsItsKeyAndNoOther) {
  const auto delay = units(10);
  work({.delay_first = delay});
  send({{{.number = 1, .fails = 1}, "a"}, {{.number = 2}, "a"}, {{.number = 3}, "b"}, {{.number = 4}, "c"}});
  ASSERT_TRUE(settled());
  const auto journal = entries();
  const auto again = when(journal, "begin", 1, 2);
  EXPECT_GE(*again - *when(journal, "failed", 1), delay);
  EXPECT_LT(*when(journal, "end", 3), *again);
  EXPECT_LT(*when(journal, "end", 4), *again);
  EXPECT_THAT(disorder(journal), IsEmpty());
}

TEST_P(HandlingConformance, P4ARelaxedRetryLetsItsKeyPass) {
  work({.relaxed = true, .delay_first = units(10)});
  send({{{.number = 1, .fails = 1}, "a"}, {{.number = 2}, "a"}});
  ASSERT_TRUE(settled());
  const auto journal = entries();
  EXPECT_LT(*when(journal, "end", 2), *when(journal, "begin", 1, 2));
}

// Processes come and go while events flow.
TEST_P(HandlingConformance, P4KeysAreHandledInOrderOverProcessesThatComeAndGo) {
  constexpr int kWave = 120;
  constexpr int kWavesMax = 20;
  constexpr int kKeys = 12;
  int sent = 0;
  const auto send_wave = [&] {
    std::vector<Order> orders;
    for (const int end = sent + kWave; sent < end; ++sent) {
      orders.push_back({{.number = sent, .takes = units(0.1)}, "k" + std::to_string(sent % kKeys)});
    }
    send(orders);
  };
  const auto at_work = [&] {
    std::set<std::string> instances;
    for (const Entry& entry : entries("begin")) instances.insert(entry.instance);
    return instances.size();
  };
  work({.instance = "first", .concurrency = 4});
  send_wave();
  ASSERT_TRUE(within(unit(), [&] { return count("begin") >= 10; }));
  work({.instance = "second", .concurrency = 4});
  ASSERT_TRUE(within(unit(), [&] { return count("begin") >= 30; }));
  work({.instance = "third", .concurrency = 4});
  ASSERT_TRUE(within(unit(), [&] { return count("begin") >= 50; }));
  ASSERT_TRUE(stop("first"));
  ASSERT_TRUE(settled());
  // On a busy machine the first wave may be done before the last one has a part of it.
  for (int wave = 1; wave < kWavesMax && at_work() < 3; ++wave) {
    send_wave();
    ASSERT_TRUE(settled());
  }
  EXPECT_EQ(at_work(), 3u);
  EXPECT_THAT(disorder(entries()), IsEmpty());
  EXPECT_THAT(entries("end"), SizeIs(static_cast<std::size_t>(sent)));
}

// P4, A25: its key waits until the run returns; then its result counts as it came.
TEST_P(HandlingConformance, P4ARunPastItsTimeoutCountsWhenItReturns) {
  work({.concurrency = 4, .timeout = units(1)});
  send({{{.number = 1, .first_takes = units(4), .publishes = 1}, "a"}, {{.number = 2}, "a"}, {{.number = 3}, "b"}});
  ASSERT_TRUE(settled());
  EXPECT_THAT(disorder(entries()), IsEmpty());
  EXPECT_THAT(entries("begin"), SizeIs(3));
  EXPECT_THAT(published(), ElementsAre("1 1"));
  EXPECT_THAT(dead_letters(), IsEmpty());
}

TEST_P(HandlingConformance, P4ATimeoutThatFailsDropsWhatWasPublishedAndNeverRunsTwiceAtOnce) {
  // So long that no other run is over it on a machine that stands still for a while.
  work({.concurrency = 4, .delay_first = units(0.2), .timeout = units(10), .timeout_fails = true});
  send({{{.number = 1, .first_takes = units(13), .publishes = 1}, "a"}, {{.number = 2}, "a"}, {{.number = 3}, "b"}});
  ASSERT_TRUE(settled());
  EXPECT_THAT(disorder(entries()), IsEmpty());
  EXPECT_THAT(entries("begin"), SizeIs(4));
  EXPECT_THAT(published(), ElementsAre("1 2"));
  EXPECT_THAT(dead_letters(), IsEmpty());
}

// Another one joins meanwhile, and would like to have the keys: the run is longer than any hand-over waits.
TEST_P(HandlingConformance, P4ALongRunIsNotRepeatedWhileItsProcessLives) {
  if (capabilities().revoke_max) GTEST_SKIP() << "a hand-over does not wait so long here";
  const auto run = std::chrono::duration_cast<std::chrono::milliseconds>(fixture().hand_over_max()) + units(10);
  work({.instance = "first", .concurrency = 8});
  std::vector<Order> orders;
  for (int i = 0; i < 8; ++i) orders.push_back({{.number = i, .takes = run}, "k" + std::to_string(i)});
  send(orders);
  ASSERT_TRUE(within(unit(), [&] { return count("begin") >= 8; }));
  work({.instance = "second", .concurrency = 8});
  ASSERT_TRUE(settled("shop", run));
  EXPECT_THAT(entries("begin"), SizeIs(8));
  EXPECT_THAT(disorder(entries()), IsEmpty());
}

}  // namespace
}  // namespace tidings::conformance
