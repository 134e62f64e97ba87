// P3, P5: the backoff, its cap and its jitter; count and time of a retry are durable, wherever its process dies; none
// of it is seen by other groups.
#include <algorithm>

#include "tests/conformance/service/service_conformance.hpp"

namespace tidings::conformance {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// It doubles, up to its cap; then the attempts are exhausted.
void RetryingConformance::expect_the_cap(const WorkerPlan& plan) {
  WorkerPlan capped = plan;
  capped.attempts_max = 5;
  capped.delay_first = units(1);
  capped.delay_max = units(3);
  work(capped);
  send({{{.number = 1, .fails = 9}}});
  ASSERT_TRUE(settled("shop", 10 * unit()));
  const auto runs = entries("begin");
  const auto failures = entries("failed");
  ASSERT_THAT(runs, SizeIs(5));
  const Duration delays[] = {unit(), 2 * unit(), 3 * unit(), 3 * unit()};
  for (std::size_t i = 0; i < std::size(delays); ++i) {
    EXPECT_EQ(runs[i + 1].attempt, static_cast<int>(i) + 2);
    EXPECT_GE(runs[i + 1].at, failures[i].at + delays[i]);
    EXPECT_LE(runs[i + 1].at, failures[i].at + delays[i] + late_max(delays[i]));
  }
  const auto letters = dead_letters("shop");
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].reason, "failed");
  EXPECT_EQ(letters[0].attempts, 5);
  EXPECT_GE(letters[0].first_failed, failures[0].at);
  EXPECT_LE(letters[0].first_failed, runs[1].at);
}

// Killed while its retry waits: whoever comes next runs it in its time, with its count.
void RetryingConformance::expect_to_survive_a_kill(const WorkerPlan& plan) {
  WorkerPlan first = plan;
  first.delay_first = units(5);
  work(first);
  send({{{.number = 1, .fails = 2}}});
  Duration delay = 5 * unit();
  for (std::size_t retry = 1; retry <= 2; ++retry, delay *= 2) {
    // Settled, and not in a handler: only then does a kill charge nothing.
    ASSERT_TRUE(within(delay, [&] { return count("failed") == retry && lag("shop", kTasks)->waiting == 1; }));
    const Time failed = entries("failed").back().at;
    kill(first.instance);
    work(first);
    ASSERT_TRUE(within(delay + capabilities().takeover_max, [&] { return count("begin") == retry + 1; }));
    const Entry again = entries("begin").back();
    EXPECT_EQ(again.attempt, static_cast<int>(retry) + 1);
    EXPECT_GE(again.at, failed + delay);
    if (fixture().virtual_time()) {
      EXPECT_LE(again.at, failed + delay + late_max(delay));
    }
  }
  ASSERT_TRUE(settled());
  EXPECT_THAT(entries("end"), SizeIs(1));
  EXPECT_THAT(entries("begin"), SizeIs(3)) << "no run is lost, none comes twice";
  EXPECT_THAT(dead_letters(), IsEmpty());
}

void RetryingConformance::expect_true_counts(const WorkerPlan& plan) {
  constexpr int kPassings = 6;
  WorkerPlan mortal = plan;
  mortal.delay_first = units(0.2);
  int sent = 0;
  for (const std::string& point : fixture().fault_points()) {
    for (int passings = 1; passings <= kPassings; ++passings, sent += 2) {
      SCOPED_TRACE(point + " " + std::to_string(passings));
      mortal.dies_at = point;
      mortal.dies_after = passings;
      send({{{.number = sent, .fails = 2}, "a"}, {{.number = sent + 1, .fails = 1}, "b"}});
      work(mortal);
      ASSERT_TRUE(within(capabilities().takeover_max, [&] { return !running("worker") || all_settled("shop"); }));
      kill("worker");
      mortal.dies_at.clear();
      work(mortal);
      ASSERT_TRUE(settled("shop", capabilities().takeover_max));
    }
  }
  EXPECT_THAT(dead_letters(), IsEmpty()) << "none has more failures than it has";
  // RabbitMQ cannot put a relaxed retry into one queue and take what it repeats out of another in one step: who dies
  // between the two leaves both, and the event goes on twice, each time by its own counts and delays.
  const bool goes_on_once = !plan.relaxed || capabilities().scheme != "amqp";
  std::map<std::string, Entry> last;
  std::map<std::pair<std::string, int>, Time> first_failed;  // by id and attempt
  for (const Entry& entry : entries()) {
    if (entry.step == "failed") first_failed.try_emplace({entry.id, entry.attempt}, entry.at);
    if (entry.step == "begin" && entry.attempt > 1) {
      const auto failed = first_failed.find({entry.id, entry.attempt - 1});
      ASSERT_NE(failed, first_failed.end()) << entry.id << " counted one that there was not";
      EXPECT_GE(entry.at, failed->second + mortal.delay_first * (1 << (entry.attempt - 2))) << entry.id;
    }
    if (entry.step == "begin" && goes_on_once && last.contains(entry.id)) {
      const Entry& before = last[entry.id];
      EXPECT_GE(entry.attempt, before.attempt) << entry.id << " forgot a run";
      EXPECT_LE(entry.attempt, before.attempt + 1) << entry.id << " counted one twice";
      if (entry.attempt > before.attempt) {
        EXPECT_GE(entry.at, before.at + mortal.delay_first * (1 << (before.attempt - 1))) << entry.id;
      }
    }
    if (entry.step != "decided") last[entry.id] = entry;
  }
  for (const auto& [id, entry] : last) EXPECT_EQ(entry.step, "end") << id;
}

namespace {

TEST_P(RetryingConformance, P3TheBackoffGrowsToItsCapAndNoFurther) {
  expect_the_cap({});
}

TEST_P(RetryingConformance, P3ToItsCapAlsoRelaxed) {
  expect_the_cap({.relaxed = true});
}

TEST_P(RetryingConformance, P3ToItsCapAlsoWithAnInbox) {
  expect_the_cap({.inbox = true});
}

TEST_P(RetryingConformance, P3JitterSpreadsRetriesOverItsBoundsAndNoFurther) {
  constexpr int kCount = 40;
  constexpr double kJitter = 0.5;
  work({.concurrency = 8, .delay_first = units(2), .jitter = kJitter});
  std::vector<Order> orders;
  for (int i = 0; i < kCount; ++i) orders.push_back({{.number = i, .fails = 1}, "k" + std::to_string(i)});
  send(orders);
  ASSERT_TRUE(settled());
  std::map<std::string, Time> failed;
  for (const Entry& entry : entries("failed")) failed[entry.id] = entry.at;
  std::vector<Duration> delays;
  for (const Entry& run : entries("begin")) {
    if (run.attempt == 2) delays.push_back(run.at - failed.at(run.id));
  }
  ASSERT_THAT(delays, SizeIs(kCount));
  for (const Duration delay : delays) {
    EXPECT_GE(delay, units(2 * (1 - kJitter)));
    EXPECT_LE(delay, units(2 * (1 + kJitter)) + late_max(units(2)));
  }
  EXPECT_LT(*std::ranges::min_element(delays), units(1.8)) << "of so many, some come early";
  EXPECT_GT(*std::ranges::max_element(delays), units(2.2)) << "and some late";
}

TEST_P(RetryingConformance, P5TwoKillsWhileItWaitsChangeNeitherCountNorTime) {
  expect_to_survive_a_kill({});
}

TEST_P(RetryingConformance, P5NorOfARelaxedOne) {
  expect_to_survive_a_kill({.relaxed = true});
}

TEST_P(RetryingConformance, P5NorWithAnInbox) {
  expect_to_survive_a_kill({.inbox = true});
}

TEST_P(RetryingConformance, P5AFailureIsCountedOnceWhereverItsProcessDies) {
  expect_true_counts({});
}

TEST_P(RetryingConformance, P5AlsoOneWhoseRetryIsRelaxed) {
  expect_true_counts({.relaxed = true});
}

TEST_P(RetryingConformance, P3ARetryOfOneGroupHoldsBackNoOther) {
  work({.instance = "shop-1", .group = "shop", .delay_first = units(5)});
  work({.instance = "side-1", .group = "side", .relaxed = true, .delay_first = units(5)});
  work({.instance = "audit-1", .group = "audit"});
  send({{{.number = 1, .fails = 1, .trouble_in = "shop"}, "a"},
        {{.number = 2, .fails = 1, .trouble_in = "side"}, "a"},
        {{.number = 3}, "a"}});
  for (const std::string group : {"shop", "side", "audit"}) ASSERT_TRUE(settled(group)) << group;
  const auto runs_of = [&](const std::string& group) {
    std::vector<std::string> runs;
    for (const Entry& run : entries("begin", group)) {
      runs.push_back(std::to_string(run.number) + " " + std::to_string(run.attempt));
    }
    return runs;
  };
  EXPECT_THAT(runs_of("shop"), ElementsAre("1 1", "1 2", "2 1", "3 1"));
  EXPECT_THAT(runs_of("side"), ElementsAre("1 1", "2 1", "3 1", "2 2"));
  EXPECT_THAT(runs_of("audit"), ElementsAre("1 1", "2 1", "3 1"));
  const Time again = entries("begin", "shop").at(1).at;
  for (const Entry& end : entries("end", "audit")) EXPECT_LT(end.at, again);
  EXPECT_THAT(decisions("audit"), IsEmpty());
}

}  // namespace
}  // namespace tidings::conformance
