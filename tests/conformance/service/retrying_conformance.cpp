// P2, P3, P4, P5: retries come in their time and hold what they must; whatever dies in between, each outcome is there
// once.
#include <algorithm>
#include <set>

#include "tests/conformance/service/service_conformance.hpp"

namespace tidings::conformance {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// Each run begins not before its time and, where time is exact, no later than the transport may be.
void RetryingConformance::expect_punctuality(const WorkerPlan& plan) {
  constexpr int kCount = 12;
  constexpr int kFails = 3;
  std::vector<Order> orders;
  for (int i = 0; i < kCount; ++i) orders.push_back({{.number = i, .fails = kFails}, "k" + std::to_string(i)});
  work(plan);
  send(orders);
  ASSERT_TRUE(settled());
  std::map<std::string, Time> failed;
  int retries = 0;
  for (const Entry& entry : entries()) {
    if (entry.step == "failed") failed[entry.id] = entry.at;
    if (entry.step != "begin" || entry.attempt == 1) continue;
    ++retries;
    const Duration delay = plan.delay_first * (1 << (entry.attempt - 2));
    const Duration took = entry.at - failed.at(entry.id);
    EXPECT_GE(took, delay) << entry.id << " attempt " << entry.attempt;
    EXPECT_LE(took, delay + late_max(delay)) << entry.id << " attempt " << entry.attempt;
  }
  EXPECT_EQ(retries, kCount * kFails);
  EXPECT_THAT(entries("end"), SizeIs(kCount));
}

TEST_P(RetryingConformance, P3AStrictRetryIsNeverEarlyAndHardlyLate) {
  expect_punctuality({.concurrency = 4, .attempts_max = 4, .delay_first = units(1)});
}

TEST_P(RetryingConformance, P3ARelaxedRetryIsNeverEarlyAndHardlyLate) {
  expect_punctuality({.concurrency = 4, .relaxed = true, .attempts_max = 4, .delay_first = units(1)});
}

TEST_P(RetryingConformance, P3AlsoWithAnInbox) {
  expect_punctuality({.attempts_max = 4, .delay_first = units(1), .inbox = true});
}

// P5: its process is killed while it waits. Count and time are those of before.
TEST_P(RetryingConformance, P5ARetryThatWaitsSurvivesTheKillOfItsProcess) {
  const auto delay = units(10);
  work({.instance = "first", .delay_first = delay});
  send({{{.number = 1, .fails = 2}}, {{.number = 2}}});
  // Settled, and not in a handler: only then does a kill charge nothing.
  ASSERT_TRUE(within(unit(), [&] { return count("failed") == 1 && lag("shop", kTasks)->waiting == 1; }));
  kill("first");
  work({.instance = "second", .delay_first = delay});
  ASSERT_TRUE(settled("shop", units(60)));
  const auto runs = entries("begin");
  ASSERT_THAT(runs, SizeIs(4));
  EXPECT_EQ(runs[1].instance, "second");
  EXPECT_EQ(runs[1].attempt, 2);
  EXPECT_GE(runs[1].at - runs[0].at, delay);
  EXPECT_EQ(runs[2].attempt, 3);
  EXPECT_GE(runs[2].at - runs[1].at, 2 * delay);
  EXPECT_THAT(disorder(entries()), IsEmpty());
}

// P4: what waits behind a retry is bounded; beyond it the partition waits, and other ones do not.
TEST_P(RetryingConformance, P4TooMuchBehindARetryHoldsItsPartitionBackAndNoOther) {
  constexpr int kBehind = 60;
  constexpr int kOthers = 40;
  work({.concurrency = 4, .delay_first = units(10), .in_flight_max = 40});
  std::vector<Order> orders{{{.number = 0, .fails = 1}, "slow"}};
  for (int i = 1; i <= kBehind; ++i) orders.push_back({{.number = i}, "slow"});
  for (int i = 0; i < kOthers; ++i) orders.push_back({{.number = 1'000 + i}, "other-" + std::to_string(i)});
  send(orders);
  ASSERT_TRUE(settled("shop", units(20)));
  EXPECT_THAT(decisions(), Contains("held_back none"));
  const auto journal = entries();
  const auto again = std::ranges::find_if(
      journal, [](const Entry& entry) { return entry.step == "begin" && entry.number == 0 && entry.attempt == 2; });
  ASSERT_NE(again, journal.end());
  const auto passed = std::count_if(journal.begin(), again, [](const Entry& entry) { return entry.step == "end"; });
  EXPECT_GE(passed, kOthers / 2) << "most stand in other partitions";
  EXPECT_THAT(entries("end"), SizeIs(1 + kBehind + kOthers));
  EXPECT_THAT(disorder(journal), IsEmpty());
}

// P4: a hold longer than the transport can keep becomes relaxed, and that is said.
TEST_P(RetryingConformance, P4AHoldThatIsTooLongBecomesRelaxed) {
  if (!capabilities().strict_hold_max) GTEST_SKIP() << "the transport holds a key for as long as it must";
  const auto delay = *capabilities().strict_hold_max + unit();
  work({.delay_first = std::chrono::duration_cast<std::chrono::milliseconds>(delay)});
  send({{{.number = 1, .fails = 1}, "a"}, {{.number = 2}, "a"}});
  ASSERT_TRUE(settled("shop", 2 * delay));
  EXPECT_THAT(decisions(), Contains("relaxed_hold failed"));
  std::vector<int> ends;
  for (const Entry& entry : entries("end")) ends.push_back(entry.number);
  EXPECT_THAT(ends, ::testing::ElementsAre(2, 1));
}

void RetryingConformance::expect_one_outcome(const WorkerPlan& plan) {
  WorkerPlan mortal = plan;
  int sent = 0;
  for (const std::string& point : fixture().fault_points()) {
    for (int passings = 1; passings <= 8; passings += plan.inbox ? 3 : 1) {
      SCOPED_TRACE(point + " " + std::to_string(passings));
      std::vector<Order> orders;
      for (int i = 0; i < 4; ++i, ++sent) {
        orders.push_back(
            {{.number = sent, .fails = i == 1 ? 1 : 0, .refused = i == 2, .publishes = 2}, "k" + std::to_string(i)});
      }
      mortal.dies_at = point;
      mortal.dies_after = passings;
      send(orders);
      work(mortal);
      ASSERT_TRUE(within(capabilities().takeover_max, [&] { return !running("worker") || all_settled("shop"); }));
      kill("worker");
      work(plan);
      ASSERT_TRUE(settled("shop", capabilities().takeover_max));
      ASSERT_TRUE(stop("worker"));
    }
  }
  std::set<std::string> buried;
  for (const auto& letter : dead_letters()) {
    EXPECT_TRUE(buried.insert(letter.record.id).second) << letter.record.id << " is a dead letter twice";
    EXPECT_EQ(letter.reason, "rejected");
  }
  EXPECT_THAT(buried, SizeIs(sent / 4));
  std::set<int> ended;
  for (const Entry& entry : entries("end")) {
    ended.insert(entry.number);
    EXPECT_THAT(buried, Not(Contains(entry.id)));
  }
  EXPECT_THAT(ended, SizeIs(sent / 4 * 3));
  std::map<std::string, int> outputs;
  for (const auto& record : history(kDone)) ++outputs[record.id];
  EXPECT_THAT(outputs, SizeIs(sent / 4 * 3 * 2)) << "each that a settled handler published, and no other";
  if (!capabilities().transactional || plan.inbox) return;
  for (const auto& [id, times] : outputs) EXPECT_EQ(times, 1) << id << ": apart from its settlement";
}

TEST_P(RetryingConformance, P2EachOutcomeIsThereOnceWhereverItsProcessDies) {
  expect_one_outcome({.concurrency = 2, .delay_first = units(0.05)});
}

TEST_P(RetryingConformance, P2AlsoWithAnInbox) {
  expect_one_outcome({.delay_first = units(0.05), .inbox = true});
}

}  // namespace tidings::conformance
