// P5: an event that kills its process is quarantined, and no other is; on transports of several processes these die.
#include <set>

#include "tests/conformance/service/service_conformance.hpp"

namespace tidings::conformance {

using ::testing::ElementsAre;
using ::testing::SizeIs;

namespace {

constexpr int kLivesMax = 12;

}  // namespace

void PoisonConformance::expect_quarantine(const WorkerPlan& plan) {
  constexpr int kCount = 30;
  constexpr int kPoison = 13;
  std::vector<Order> orders;
  for (int i = 0; i < kCount; ++i) {
    orders.push_back({{.number = i, .poison = i == kPoison, .takes = units(0.05)}, "k" + std::to_string(i % 10)});
  }
  int lives = 1;
  work(plan);
  send(orders);
  const bool done = within(3 * capabilities().takeover_max, [&] {
    if (!running(plan.instance) && lives < kLivesMax) {
      work(plan);
      ++lives;
    }
    return all_settled("shop");
  });
  ASSERT_TRUE(done);
  std::vector<std::string> buried;
  for (const auto& letter : dead_letters()) {
    buried.push_back(letter.record.id + ": " + letter.reason + " " + std::to_string(letter.crashes));
  }
  EXPECT_THAT(buried, ElementsAre("task-13: crashed 3"));
  EXPECT_LE(lives, 1 + 3 + 1) << "once among others, three times alone";
  std::set<int> handled;
  for (const Entry& entry : entries("end")) handled.insert(entry.number);
  EXPECT_THAT(handled, SizeIs(kCount - 1));
}

// Three processes, three poison events, retries wait meanwhile.
void PoisonConformance::expect_quarantine_over_processes(WorkerPlan plan) {
  constexpr int kCount = 90;
  const std::set<int> poison{13, 40, 41};
  std::vector<Order> orders;
  for (int i = 0; i < kCount; ++i) {
    orders.push_back({{.number = i,
                       .fails = i % 10 == 1 ? 1 : 0,
                       .poison = poison.contains(i),
                       .takes = units(0.05),
                       .publishes = 1},
                      "k" + std::to_string(i % 30)});
  }
  plan.attempts_max = 3;
  plan.delay_first = units(0.3);
  const std::vector<std::string> instances{"one", "two", "three"};
  int lives = 0;
  const auto supervise = [&] {
    for (const std::string& instance : instances) {
      if (lives >= kLivesMax * 3 || (lives >= 3 && running(instance))) continue;
      plan.instance = instance;
      work(plan);
      ++lives;
    }
    return all_settled("shop");
  };
  supervise();
  send(orders);
  ASSERT_TRUE(within(10 * capabilities().takeover_max, supervise));
  std::vector<std::string> buried;
  for (const auto& letter : dead_letters()) {
    buried.push_back(letter.record.id + ": " + letter.reason + " " + std::to_string(letter.crashes));
  }
  EXPECT_THAT(buried,
              ::testing::UnorderedElementsAre("task-13: crashed 3", "task-40: crashed 3", "task-41: crashed 3"));
  std::set<int> handled;
  for (const Entry& entry : entries("end")) handled.insert(entry.number);
  EXPECT_THAT(handled, SizeIs(kCount - 3));
}

// It has no chance to say what it was: the running board does.
void PoisonConformance::expect_quarantine_of_a_bomb(const WorkerPlan& plan) {
  send({{{.number = 0}, "a"}, {{.number = 1}, "b"}});
  publish({{.topic = kTasks,
            .key = "c",
            .id = "bomb",
            .type = "Bomb",
            .content_type = "application/json",
            .body = R"({"eventType":"Bomb","data":{"number":1}})"}});
  send({{{.number = 2}, "a"}, {{.number = 3}, "c"}});
  int lives = 0;
  ASSERT_TRUE(within(3 * capabilities().takeover_max, [&] {
    if (lives == 0 || (!running(plan.instance) && lives < kLivesMax)) {
      work(plan);
      ++lives;
    }
    return all_settled("shop");
  }));
  const auto letters = dead_letters();
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].record.id, "bomb");
  EXPECT_EQ(letters[0].reason, "crashed");
  EXPECT_EQ(letters[0].crashes, 3);
  EXPECT_LE(lives, 1 + 3 + 1) << "once among others, three times alone";
  std::set<int> handled;
  for (const Entry& entry : entries("end")) handled.insert(entry.number);
  EXPECT_THAT(handled, SizeIs(4));
}

namespace {

TEST_P(PoisonConformance, P5SeveralOverSeveralProcesses) {
  expect_quarantine_over_processes({.concurrency = 4});
}

TEST_P(PoisonConformance, P5SeveralOverSeveralProcessesWithRelaxedRetries) {
  expect_quarantine_over_processes({.concurrency = 4, .relaxed = true});
}

TEST_P(PoisonConformance, P5SeveralOverSeveralProcessesWithAnInbox) {
  expect_quarantine_over_processes({.inbox = true});
}

TEST_P(PoisonConformance, P5APoisonEventIsQuarantinedAndNoOther) {
  expect_quarantine({.concurrency = 8});
}

TEST_P(PoisonConformance, P5AlsoWithAnInbox) {
  expect_quarantine({.inbox = true});
  EXPECT_THAT(effects(), SizeIs(29));
}

TEST_P(PoisonConformance, P5AlsoOneThatKillsWhoeverDecodesIt) {
  expect_quarantine_of_a_bomb({.concurrency = 4});
}

TEST_P(PoisonConformance, P5AlsoOneThatIsDecodedAheadOfAnInbox) {
  expect_quarantine_of_a_bomb({.inbox = true});
  EXPECT_THAT(effects(), SizeIs(4));
}

TEST_P(PoisonConformance, P5RandomKillsCondemnNoInnocentAndLoseNothing) {
  const int kills = long_run() ? 100 : 8;
  const int tasks = long_run() ? 3'000 : 300;
  std::vector<Order> orders;
  for (int i = 0; i < tasks; ++i) {
    orders.push_back({{.number = i, .takes = units(0.1), .publishes = 1}, "k" + std::to_string(i % 40)});
  }
  const WorkerPlan plan{.concurrency = 8};
  work(plan);
  send(orders);
  ASSERT_NO_FATAL_FAILURE(survive_kills(plan, kills));
  std::set<int> handled;
  for (const Entry& entry : entries("end")) {
    handled.insert(entry.number);
    EXPECT_EQ(entry.attempt, 1) << "a kill charges nothing";
  }
  EXPECT_THAT(handled, SizeIs(tasks));
  const auto done = published();
  EXPECT_THAT(std::set(done.begin(), done.end()), SizeIs(tasks));
  if (capabilities().transactional) {
    EXPECT_THAT(done, SizeIs(tasks)) << "settled with what it publishes, in one step";
  }
}

}  // namespace
}  // namespace tidings::conformance
