// P2, P4: the work of a group over its processes, while these come, go, die and are cut off.
#include <algorithm>
#include <iostream>
#include <set>

#include "tests/conformance/service/service_conformance.hpp"

namespace tidings::conformance {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// How many runs there were at once, at most.
std::size_t most_at_once(const std::vector<Entry>& entries) {
  std::size_t now = 0, most = 0;
  for (const Entry& entry : entries) {
    if (entry.step == "begin") most = std::max(most, ++now);
    if (entry.step == "end" || entry.step == "failed") --now;
  }
  return most;
}

TEST_P(SpreadConformance, P4LanesRunSideBySideYetEachKeyInOrderOverThreeProcesses) {
  constexpr int kCount = 180;
  constexpr int kKeys = 30;
  for (const char* instance : {"first", "second", "third"}) work({.instance = instance, .concurrency = 4});
  ASSERT_TRUE(shared_by(3));
  std::vector<Order> orders;
  for (int i = 0; i < kCount; ++i) {
    orders.push_back({{.number = i, .takes = units(0.3)}, "k" + std::to_string(i % kKeys)});
  }
  send(orders);
  ASSERT_TRUE(settled());
  EXPECT_THAT(disorder(entries()), IsEmpty());
  EXPECT_THAT(entries("end"), SizeIs(kCount));
  EXPECT_GT(most_at_once(entries()), 4u) << "more than one process can";
  std::set<std::string> instances;
  for (const Entry& entry : entries("end")) instances.insert(entry.instance);
  EXPECT_THAT(instances, SizeIs(3));
}

TEST_P(SpreadConformance, P4KeysAreHandledInOrderWhileProcessesJoinAndLeaveAtRandom) {
  const int steps = long_run() ? 100 : 12;
  constexpr int kBatch = 15;
  const std::vector<std::string> names{"a", "b", "c", "d"};
  std::set<std::string> present{"a"};
  work({.instance = "a", .concurrency = 3});
  int sent = 0;
  for (int step = 0; step < steps; ++step) {
    std::vector<Order> orders;
    for (int i = 0; i < kBatch; ++i, ++sent) {
      orders.push_back({{.number = sent, .takes = units(0.05), .publishes = 1}, "k" + std::to_string(sent % 12)});
    }
    send(orders);
    const std::string& name = names[executor().random() % names.size()];
    if (!present.contains(name)) {
      work({.instance = name, .concurrency = 3});
      present.insert(name);
    } else if (present.size() > 1) {
      ASSERT_TRUE(stop(name));
      present.erase(name);
    }
  }
  ASSERT_TRUE(settled("shop", fixture().hand_over_max()));
  EXPECT_THAT(disorder(entries()), IsEmpty());
  std::set<std::string> handled;
  for (const Entry& entry : entries("end")) {
    handled.insert(entry.id);
    EXPECT_EQ(entry.attempt, 1);
  }
  EXPECT_THAT(handled, SizeIs(sent));
  EXPECT_THAT(entries("end"), SizeIs(sent)) << "who leaves finishes what it runs";
  EXPECT_THAT(published(), SizeIs(sent));
  EXPECT_THAT(dead_letters(), IsEmpty());
}

TEST_P(SpreadConformance, P2AKillInsideAHandlerLeadsToARedeliveryElsewhereInTime) {
  for (const char* instance : {"first", "second"}) work({.instance = instance});
  ASSERT_TRUE(shared_by(2));  // no process starts while the handler runs: that may take longer
  send({{{.number = 1, .takes = units(5), .publishes = 1}}});
  ASSERT_TRUE(within(unit(), [&] { return count("begin") == 1; }));
  const Time killed = now();
  kill(entries("begin")[0].instance);
  ASSERT_TRUE(within(capabilities().takeover_max, [&] { return count("begin") == 2; }));
  const auto runs = entries("begin");
  const Duration took = runs[1].at - killed;
  std::cout << "redelivered after " << std::chrono::duration<double, std::milli>{took}.count() << " ms\n";
  EXPECT_NE(runs[1].instance, runs[0].instance);
  EXPECT_EQ(runs[1].attempt, 1) << "a kill charges nothing";
  ASSERT_TRUE(settled("shop", units(5)));
  EXPECT_THAT(published(), SizeIs(1));
}

// It is still inside its handler while its successor runs. What it settles and publishes is refused.
TEST_P(SpreadConformance, P4WhoWasCutOffSettlesNothingThatIsNoLongerItsOwn) {
  for (const char* instance : {"first", "second"}) work({.instance = instance});
  ASSERT_TRUE(shared_by(2));
  send({{{.number = 1, .takes = units(10), .publishes = 1}}});
  ASSERT_TRUE(within(unit(), [&] { return count("begin") == 1; }));
  const std::string first = entries("begin")[0].instance;
  auto away = fixture().cut_off(first);
  if (away == nullptr) GTEST_SKIP() << "nobody is ever cut off here";
  ASSERT_TRUE(within(capabilities().takeover_max, [&] { return count("begin") == 2; }));
  ASSERT_TRUE(within(units(10), [&] { return count("end") == 2; })) << "by the other, or by itself, a member anew";
  away.reset();
  ASSERT_TRUE(settled());
  for (const Entry& entry : entries("end")) EXPECT_EQ(entry.attempt, 1);
  std::set<std::string> ids;
  const auto records = history(kDone);
  for (const auto& record : records) ids.insert(record.id);
  EXPECT_THAT(ids, SizeIs(1)) << "both publish under one id";
  if (capabilities().transactional) {
    EXPECT_THAT(records, SizeIs(1)) << "what was published by who was cut off is refused, too";
  }
  EXPECT_THAT(dead_letters(), IsEmpty());

  EXPECT_TRUE(running(first));
  std::vector<Order> more;
  for (int i = 2; i < 42; ++i) more.push_back({{.number = i, .takes = units(0.1)}, "k" + std::to_string(i)});
  send(more);
  ASSERT_TRUE(settled());
  EXPECT_THAT(entries("end"), SizeIs(42)) << "it goes on, as a member like others";
}

// What it had in hand comes to it anew. Its old runs end, and count no more.
TEST_P(SpreadConformance, P4WhoWasCutOffRunsNothingAgainThatIsNoLongerItsOwn) {
  work({.instance = "first", .concurrency = 4, .delay_first = units(1)});
  send({{{.number = 1, .fails = 1, .first_takes = units(8)}}, {{.number = 2}}, {{.number = 3}}});
  ASSERT_TRUE(within(unit(), [&] { return count("begin") == 1; }));
  if (fixture().cut_off("first") == nullptr) GTEST_SKIP() << "nobody is ever cut off here";
  ASSERT_TRUE(settled("shop", units(10)));
  std::vector<std::string> runs;
  for (const Entry& entry : entries("begin")) {
    runs.push_back(std::to_string(entry.number) + " attempt " + std::to_string(entry.attempt));
  }
  EXPECT_THAT(runs, ::testing::ElementsAre("1 attempt 1", "1 attempt 1", "1 attempt 2", "2 attempt 1", "3 attempt 1"));
  EXPECT_THAT(disorder(entries()), IsEmpty());
  EXPECT_THAT(dead_letters(), IsEmpty());
}

}  // namespace
}  // namespace tidings::conformance
