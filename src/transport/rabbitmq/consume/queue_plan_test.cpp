#include "transport/rabbitmq/consume/queue_plan.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>

namespace tidings::rabbitmq {
namespace {

using ::testing::ElementsAre;
using Owners = std::vector<std::optional<std::size_t>>;

constexpr auto kNobody = std::nullopt;

TEST(QueuePlan, DealsWhatNobodyHas) {
  EXPECT_THAT(plan_queues(2, Owners(5)), ElementsAre(0, 0, 0, 1, 1));
  EXPECT_THAT(plan_queues(3, Owners(2)), ElementsAre(0, 1));
  EXPECT_THAT(plan_queues(0, Owners(2)), ElementsAre(kNobody, kNobody));
}

TEST(QueuePlan, WhoHasItsShareKeepsIt) {
  EXPECT_THAT(plan_queues(2, {1, 1, 0, 0}), ElementsAre(1, 1, 0, 0));
  EXPECT_THAT(plan_queues(2, {1, 1, 0}), ElementsAre(1, 1, 0)) << "who has one more keeps it, too";
}

TEST(QueuePlan, ANewMemberGetsTheLastOfTheOthers) {
  EXPECT_THAT(plan_queues(2, {0, 0, 0, 0}), ElementsAre(0, 0, 1, 1));
  EXPECT_THAT(plan_queues(3, {0, 0, 0, 1, 1, 1, 1, 0}), ElementsAre(0, 0, 0, 1, 1, 1, 2, 2));
}

TEST(QueuePlan, OnlyWhatADeadMemberHadMoves) {
  EXPECT_THAT(plan_queues(2, {0, kNobody, 1, kNobody}), ElementsAre(0, 0, 1, 1));
}

// Shares differ by one at most, nothing that need not move does, and following it changes nothing more.
TEST(QueuePlan, IsFairAndMovesFewAndIsStable) {
  std::mt19937 random{7};
  for (int round = 0; round < 1'000; ++round) {
    const std::size_t members = 1 + random() % 6;
    Owners owners(random() % 20);
    for (auto& owner : owners) {
      if (random() % 3 != 0) owner = random() % members;
    }
    const Owners plan = plan_queues(members, owners);
    std::vector<std::size_t> has(members), had(members);
    std::size_t kept = 0, could_keep = 0;
    for (std::size_t i = 0; i < plan.size(); ++i) {
      ASSERT_TRUE(plan[i]);
      ++has[*plan[i]];
      if (owners[i]) ++had[*owners[i]];
      kept += plan[i] == owners[i] ? 1 : 0;
    }
    const auto [least, most] = std::minmax_element(has.begin(), has.end());
    ASSERT_LE(*most - *least, 1u);
    std::size_t extra = owners.size() % members;
    for (const std::size_t count : had) {
      const std::size_t share = owners.size() / members;
      could_keep += std::min(count, share);
      if (count > share && extra > 0) {
        ++could_keep;
        --extra;
      }
    }
    ASSERT_EQ(kept, could_keep);
    ASSERT_EQ(plan_queues(members, plan), plan);
  }
}

}  // namespace
}  // namespace tidings::rabbitmq
