// P1, P4, P7: what publishers and relays are told is true, whenever their process dies, and their keys keep their
// order.
#include <map>

#include "tests/conformance/service/service_conformance.hpp"

namespace tidings::conformance {

using ::testing::IsEmpty;
using ::testing::SizeIs;

namespace {

// A type that nobody declared.
struct Unheard {
  int number = 0;
};
BOOST_DESCRIBE_STRUCT(Unheard, (), (number))

int number_in(std::string_view id) {
  return std::stoi(std::string{id.substr(id.rfind('-') + 1)});
}

}  // namespace
}  // namespace tidings::conformance

template <>
inline constexpr tidings::EventInfo tidings::event_info<tidings::conformance::Unheard>{
    .type = "Unheard", .topic = tidings::conformance::kTasks};

namespace tidings::conformance {

void FeedingConformance::expect_true_words(Repeats repeats) {
  std::map<std::string, int> times;
  std::map<std::string, int> last;  // number by key
  for (const auto& record : history(kTasks)) {
    if (times[record.id]++ > 0) {
      EXPECT_EQ(repeats, Repeats::allowed) << record.id << " is there twice";
      continue;
    }
    const int number = number_in(record.id);
    const auto [before, is_first] = last.emplace(*record.key, number);
    EXPECT_TRUE(is_first || before->second < number) << *record.key << ": " << number << " after " << before->second;
    before->second = number;
  }
  for (const Entry& entry : entries("confirmed", "")) EXPECT_TRUE(times.contains(entry.id)) << entry.id << " is lost";
  for (const Entry& entry : entries("refused", "")) EXPECT_FALSE(times.contains(entry.id)) << entry.id << " is there";
}

TEST_P(FeedingConformance, P1ConfirmedEventsSurviveKillsOfTheirPublishersAtRandom) {
  const int kills = long_run() ? 50 : 6;
  for (int life = 0; life < kills; ++life) {
    const std::size_t before = entries("confirmed", "").size();
    const std::string instance = "feeder-" + std::to_string(life);
    feed({.instance = instance, .threads = 3, .count = 2'000, .pause = units(0.01)});
    const std::size_t until = before + 1 + executor().random() % 150;
    ASSERT_TRUE(within(unit(), [&] { return entries("confirmed", "").size() >= until; }));
    kill(instance);
  }
  expect_true_words(Repeats::none);
}

TEST_P(FeedingConformance, P4EventsOfManyThreadsAndProcessesKeepTheOrderOfTheirKeys) {
  constexpr int kProcesses = 3;
  constexpr int kThreads = 4;
  constexpr int kEvents = 60;
  for (int i = 0; i < kProcesses; ++i) {
    feed({.instance = "feeder-" + std::to_string(i), .threads = kThreads, .count = kEvents});
    work({.instance = "worker-" + std::to_string(i), .concurrency = 4});
  }
  ASSERT_TRUE(within(unit(), [&] { return entries("fed", "").size() == kProcesses; }));
  EXPECT_THAT(entries("confirmed", ""), SizeIs(kProcesses * kThreads * kEvents));
  expect_true_words(Repeats::none);
  ASSERT_TRUE(settled());
  EXPECT_THAT(entries("end"), SizeIs(kProcesses * kThreads * kEvents));
  EXPECT_THAT(disorder(entries()), IsEmpty());
}

TEST_P(FeedingConformance, P6AnUndeclaredTypeIsRefused) {
  send({{{.number = 1}}});
  const auto outcome = client().publish(Unheard{}, {.aggregate_id = "k"});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, ErrorKind::invalid);
  EXPECT_THAT(outcome.error().message, ::testing::HasSubstr("Unheard"));
  EXPECT_THAT(history(kTasks), SizeIs(1));
}

void FeedingConformance::expect_a_relay_to_survive(std::span<const char* const> steps) {
  constexpr int kCount = 10;
  FeederPlan plan{.count = 0, .outbox = true};
  for (const char* step : steps) {
    for (const int passings : {1, 3}) {
      SCOPED_TRACE(step);
      plan.count += kCount;  // what is placed is not placed again
      plan.dies_at = step;
      plan.dies_after = passings;
      feed(plan);
      ASSERT_TRUE(within(unit(), [&] { return !running(plan.instance); })) << "it did not die there";
      plan.dies_at.clear();
      const std::size_t fed = entries("fed", "").size();
      feed(plan);
      ASSERT_TRUE(within(unit(), [&] { return entries("fed", "").size() > fed; }));
    }
  }
  expect_true_words(Repeats::allowed);
  std::map<std::string, std::set<std::string>> bodies;  // by id: repetitions carry what was stored
  for (const auto& record : history(kTasks)) bodies[record.id].insert(record.body.value_or(""));
  EXPECT_THAT(bodies, SizeIs(plan.count)) << "each that was placed, and no other";
  for (const auto& [id, each] : bodies) EXPECT_THAT(each, SizeIs(1)) << id;
}

TEST_P(FeedingConformance, P7WhatIsPlacedInAnOutboxLeavesThoughItsProcessDiesWhilePlacing) {
  expect_a_relay_to_survive(kPlacingSteps);
}

TEST_P(FeedingConformance, P7WhatIsPlacedInAnOutboxLeavesThoughItsProcessDiesWhileRelaying) {
  expect_a_relay_to_survive(kRelayingSteps);
}

}  // namespace tidings::conformance
