// P7: effects through the inbox happen once; a rerun publishes the same ids.
#include <set>

#include "tests/conformance/service/mortal_inbox.hpp"
#include "tests/conformance/service/service_conformance.hpp"

namespace tidings::conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_P(OnceConformance, P7EffectsThroughTheInboxHappenOnceThoughProcessesAreKilled) {
  constexpr int kCount = 300;
  constexpr int kKills = 8;
  std::vector<Order> orders;
  for (int i = 0; i < kCount; ++i) {
    orders.push_back({{.number = i, .fails = i % 50 == 7 ? 1 : 0, .takes = units(0.01), .publishes = 1},
                      "k" + std::to_string(i % 40)});
  }
  const WorkerPlan plan{.delay_first = units(0.2), .inbox = true};
  work(plan);
  send(orders);
  ASSERT_NO_FATAL_FAILURE(survive_kills(plan, kKills));
  const auto done = effects();
  EXPECT_THAT(done, SizeIs(kCount));
  EXPECT_THAT(std::set(done.begin(), done.end()), SizeIs(kCount));
  std::set<std::string> ids;
  for (const auto& record : history(kDone)) ids.insert(record.id);
  EXPECT_THAT(ids, SizeIs(kCount)) << "an output is there for each, and again only under its id";
}

// Between effect, mark, publication and settlement.
TEST_P(OnceConformance, P7EffectsHappenOnceThoughProcessesAreKilledAtAnyStepOfTheInbox) {
  constexpr int kBatch = 8;
  WorkerPlan plan{.delay_first = units(0.05), .inbox = true};
  int sent = 0;
  for (const char* step : kInboxSteps) {
    for (const int passings : {1, 2}) {
      SCOPED_TRACE(step);
      std::vector<Order> orders;
      for (int i = 0; i < kBatch; ++i, ++sent) {
        orders.push_back({{.number = sent, .fails = i % 2, .publishes = 1}, "k" + std::to_string(sent % 5)});
      }
      plan.dies_at = step;
      plan.dies_after = passings;
      work(plan);
      send(orders);
      // Who died before it is still held to be a member for a while, where a session has to end.
      const Duration soon = unit() + capabilities().takeover_max;
      ASSERT_TRUE(within(soon, [&] { return !running(plan.instance); })) << "it did not die there";
      plan.dies_at.clear();
      work(plan);
      ASSERT_TRUE(settled("shop", capabilities().takeover_max));
    }
  }
  EXPECT_THAT(dead_letters(), IsEmpty());
  const auto done = effects();
  EXPECT_THAT(done, SizeIs(sent));
  EXPECT_THAT(std::set(done.begin(), done.end()), SizeIs(sent));
  std::map<std::string, std::set<std::string>> bodies;  // by id: repetitions carry what was stored
  for (const auto& record : history(kDone)) bodies[record.id].insert(record.body.value_or(""));
  EXPECT_THAT(bodies, SizeIs(sent));
  for (const auto& [id, each] : bodies) EXPECT_THAT(each, SizeIs(1)) << id;
}

// P5: its statement takes the effects of its neighbours with it. They come again, and it alone is charged.
TEST_P(OnceConformance, P7WhoRollsTheTransactionBackIsChargedAndNoOther) {
  std::vector<Order> orders;
  for (int i = 0; i < 60; ++i) {
    const bool spoils = i % 10 == 3;
    orders.push_back({{.number = i,
                       .fails = !spoils  ? 0
                                : i < 30 ? 1
                                         : 100,
                       .rolls_back = spoils,
                       .publishes = 1},
                      "k" + std::to_string(i)});
  }
  send(orders);
  work({.delay_first = units(0.05), .inbox = true});
  ASSERT_TRUE(settled("shop", capabilities().takeover_max));
  EXPECT_THAT(dead_letters(), SizeIs(3));
  for (const auto& letter : dead_letters()) {
    EXPECT_EQ(letter.attempts, 3);
    EXPECT_THAT(letter.error, ::testing::HasSubstr("rolled the inbox's transaction back"));
  }
  const auto done = effects();
  EXPECT_THAT(done, SizeIs(57));
  EXPECT_THAT(std::set(done.begin(), done.end()), SizeIs(57));
}

TEST_P(OnceConformance, P7ARepetitionIsSkippedAndOtherDataUnderItsIdIsAConflict) {
  work({.inbox = true});
  send({{{.number = 1, .publishes = 1}, "k", "one"}});
  send({{{.number = 1, .publishes = 1}, "k", "one"}});
  send({{{.number = 2, .publishes = 1}, "k", "one"}});
  ASSERT_TRUE(settled());
  EXPECT_THAT(effects(), ElementsAre("one"));
  std::set<std::string> ids;
  for (const auto& record : history(kDone)) ids.insert(record.id);
  EXPECT_THAT(ids, SizeIs(1)) << "perhaps sent again, under its id";
  const auto letters = dead_letters();
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].reason, "conflict");
}

TEST_P(OnceConformance, P7ARerunPublishesTheSameIds) {
  work({});
  for (int run = 0; run < 2; ++run) send({{{.number = 1, .publishes = 2}, "k", "one"}});
  ASSERT_TRUE(settled());
  std::map<std::string, int> times;
  for (const auto& record : history(kDone)) ++times[record.id];
  ASSERT_THAT(times, SizeIs(2));
  for (const auto& [id, count] : times) EXPECT_EQ(count, 2) << id;
}

}  // namespace
}  // namespace tidings::conformance
