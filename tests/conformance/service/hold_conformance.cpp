// P4: what a strict retry holds back: its key, up to a bound in time; its partition, past one in number; nothing else.
#include <algorithm>
#include <set>

#include "tests/conformance/service/service_conformance.hpp"

namespace tidings::conformance {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

namespace {

constexpr int kHeld = 40;  // more than may be in flight
constexpr int kOthers = 24;
constexpr std::size_t kInFlight = 16;

// The first one fails.
std::vector<Order> held_orders() {
  std::vector<Order> orders;
  for (int i = 0; i < kHeld; ++i) orders.push_back({{.number = i, .fails = i == 0 ? 1 : 0}, "held"});
  return orders;
}

// The partition of each key.
std::map<std::string, int> partitions_of(transport::History& history) {
  std::map<std::string, int> partitions;
  const auto read = history.read({.topic = kTasks}, {}, SIZE_MAX, [&](const transport::HistoryEntry& entry) {
    partitions[std::string{entry.record.key.value_or("")}] = entry.position.partition;
    return true;
  });
  EXPECT_TRUE(read) << read.error().message;
  return partitions;
}

}  // namespace

// Of other keys than these, how many were done before that time: all in other partitions. Where positions are not
// stable, nobody says which stands where: how many of all.
int RetryingConformance::count_flowed(const std::set<std::string>& held, Time again) {
  const auto partitions = partitions_of(*here().operations().history);
  const auto is_beside_one = [&](const std::string& key) {
    return std::ranges::any_of(held, [&](const std::string& one) { return partitions.at(key) == partitions.at(one); });
  };
  int flowed = 0;
  for (const Entry& end : entries("end")) {
    if (held.contains(end.key)) continue;
    if (capabilities().stable_positions) {
      if (is_beside_one(end.key)) continue;
      EXPECT_LT(end.at, again) << end.key << " waited for another partition";
    }
    flowed += end.at < again ? 1 : 0;
  }
  return flowed;
}

// One key has more to do than may be in flight; what comes then in other partitions does not wait for it.
void RetryingConformance::expect_others_to_flow(const WorkerPlan& plan) {
  if (here().operations().history == nullptr) GTEST_SKIP() << "nobody says which key stands where";
  WorkerPlan narrow = plan;
  narrow.delay_first = units(15);
  narrow.in_flight_max = kInFlight;
  send(held_orders());
  work(narrow);
  ASSERT_TRUE(within(unit(), [&] { return !decisions().empty(); }));
  std::vector<Order> others;
  for (int i = kHeld; i < kHeld + kOthers; ++i) others.push_back({{.number = i}, "k" + std::to_string(i)});
  send(others);
  ASSERT_TRUE(settled("shop", 20 * unit()));

  EXPECT_THAT(decisions(), ::testing::ElementsAre("held_back none"));
  const auto runs = entries("begin");
  const Time again = std::ranges::find_if(runs, [](const Entry& run) { return run.attempt == 2; })->at;
  EXPECT_GE(again, entries("failed").at(0).at + narrow.delay_first);
  const int flowed = count_flowed({"held"}, again);
  EXPECT_GT(flowed, kOthers / 2) << "the keys of this test should spread";
  EXPECT_THAT(entries("end"), SizeIs(kHeld + kOthers));
  EXPECT_THAT(runs, SizeIs(kHeld + kOthers + 1)) << "what was given back came again, and was not charged";
  EXPECT_THAT(disorder(entries()), IsEmpty());
  EXPECT_THAT(dead_letters(), IsEmpty());
}

namespace {

TEST_P(RetryingConformance, P4OneKeyThatFillsWhatMayBeInFlightStopsNoOtherPartition) {
  expect_others_to_flow({});
}

TEST_P(RetryingConformance, P4NorWithManyLanes) {
  expect_others_to_flow({.concurrency = 4});
}

TEST_P(RetryingConformance, P4NorWithAnInbox) {
  expect_others_to_flow({.inbox = true});
}

// No key has too much behind it, but all of them together fill what may be in flight.
TEST_P(RetryingConformance, P4NorManyKeysThatFillItTogether) {
  constexpr int kKeys = 6;
  constexpr int kOfEach = 3;
  std::vector<Order> orders;
  for (int i = 0; i < kKeys * kOfEach; ++i) {
    orders.push_back({{.number = i, .fails = i < kKeys ? 1 : 0}, "held-" + std::to_string(i % kKeys)});
  }
  send(orders);
  work({.delay_first = units(15), .in_flight_max = kInFlight});
  ASSERT_TRUE(within(unit(), [&] { return count("failed") == kKeys; }));
  std::vector<Order> others;
  for (int i = 0; i < kOthers; ++i) others.push_back({{.number = 1'000 + i}, "k" + std::to_string(i)});
  send(others);
  ASSERT_TRUE(settled("shop", 40 * unit()));
  std::set<std::string> held;
  for (int i = 0; i < kKeys; ++i) held.insert("held-" + std::to_string(i));
  const auto runs = entries("begin");
  const Time again = std::ranges::find_if(runs, [](const Entry& run) { return run.attempt == 2; })->at;
  count_flowed(held, again);
  EXPECT_THAT(decisions(), Contains("held_back none"));
  EXPECT_THAT(entries("end"), SizeIs(kKeys * kOfEach + kOthers));
  EXPECT_THAT(disorder(entries()), IsEmpty());
}

// P2: what waits behind a retry, here or given back, is lost by no kill, and keeps its order.
TEST_P(RetryingConformance, P4AHeldBackPartitionSurvivesAKill) {
  const WorkerPlan plan{.delay_first = units(10), .in_flight_max = kInFlight};
  send(held_orders());
  work(plan);
  // The retry is settled, too: before that, a kill lets the first run come again.
  ASSERT_TRUE(within(unit(), [&] { return !decisions().empty() && lag("shop", kTasks)->waiting == 1; }));
  kill(plan.instance);
  work(plan);
  ASSERT_TRUE(settled("shop", 10 * unit() + capabilities().takeover_max));
  EXPECT_THAT(entries("end"), SizeIs(kHeld));
  const auto runs = entries("begin");
  ASSERT_THAT(runs, SizeIs(kHeld + 1));
  EXPECT_EQ(runs[1].attempt, 2);
  EXPECT_GE(runs[1].at, entries("failed").at(0).at + plan.delay_first);
  EXPECT_THAT(disorder(entries()), IsEmpty());
}

// P8: likewise by a drain.
TEST_P(RetryingConformance, P4AndADrain) {
  WorkerPlan plan{.instance = "first", .delay_first = units(10), .in_flight_max = kInFlight};
  send(held_orders());
  work(plan);
  ASSERT_TRUE(within(unit(), [&] { return !decisions().empty(); }));
  ASSERT_TRUE(stop("first"));
  plan.instance = "second";
  work(plan);
  ASSERT_TRUE(settled("shop", 10 * unit() + capabilities().takeover_max));
  EXPECT_THAT(entries("end"), SizeIs(kHeld));
  EXPECT_THAT(entries("begin"), SizeIs(kHeld + 1));
  EXPECT_THAT(disorder(entries()), IsEmpty());
}

// Beyond it, a hold becomes relaxed (P4AHoldThatIsTooLongBecomesRelaxed).
TEST_P(RetryingConformance, P4AHoldOfTheLongestThatIsAllowedStaysStrict) {
  const auto bound = capabilities().strict_hold_max;
  if (!bound) GTEST_SKIP() << "the transport holds a key for as long as it must";
  work({.delay_first = std::chrono::duration_cast<std::chrono::milliseconds>(*bound)});
  send({{{.number = 1, .fails = 1}, "a"}, {{.number = 2}, "a"}});
  ASSERT_TRUE(settled("shop", *bound + unit()));
  EXPECT_THAT(decisions(), Not(Contains("relaxed_hold failed")));
  EXPECT_THAT(disorder(entries()), IsEmpty());
}

// Its count and its time are as durable as those of a strict one.
TEST_P(RetryingConformance, P4AHoldThatBecameRelaxedComesInItsTimeThoughItsProcessIsKilled) {
  const auto bound = capabilities().strict_hold_max;
  if (!bound) GTEST_SKIP() << "the transport holds a key for as long as it must";
  const auto delay = std::chrono::duration_cast<std::chrono::milliseconds>(*bound) + units(1);
  const WorkerPlan plan{.delay_first = delay};
  work(plan);
  send({{{.number = 1, .fails = 1}, "a"}, {{.number = 2}, "a"}});
  ASSERT_TRUE(within(unit(), [&] { return count("end") == 1 && lag("shop", kTasks)->unsettled == 1; }));
  kill(plan.instance);
  work(plan);
  ASSERT_TRUE(settled("shop", delay + capabilities().takeover_max));
  const auto runs = entries("begin");
  ASSERT_THAT(runs, SizeIs(3));
  EXPECT_EQ(runs[2].attempt, 2);
  const Time due = entries("failed").at(0).at + delay;
  EXPECT_GE(runs[2].at, due);
  if (fixture().virtual_time()) {
    EXPECT_LE(runs[2].at, due + late_max(delay));
  }
}

}  // namespace
}  // namespace tidings::conformance
