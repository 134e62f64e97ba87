// P7: effects through the inbox happen once; a rerun publishes the same ids.
#include <set>

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
  for (int life = 1; life <= kKills; ++life) {
    const std::size_t until = count("begin") + 5 + executor().random() % 25;
    ASSERT_TRUE(within(capabilities().takeover_max, [&] { return count("begin") >= until || all_settled("shop"); }));
    kill(plan.instance);
    work(plan);
  }
  ASSERT_TRUE(settled("shop", 10 * capabilities().takeover_max));
  EXPECT_THAT(dead_letters(), IsEmpty());
  const auto done = effects();
  EXPECT_THAT(done, SizeIs(kCount));
  EXPECT_THAT(std::set(done.begin(), done.end()), SizeIs(kCount));
  std::set<std::string> ids;
  for (const auto& record : history(kDone)) ids.insert(record.id);
  EXPECT_THAT(ids, SizeIs(kCount)) << "an output is there for each, and again only under its id";
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
