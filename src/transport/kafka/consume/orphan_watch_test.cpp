#include "transport/kafka/consume/orphan_watch.hpp"

#include <gtest/gtest.h>

#include "transport/kafka/client/kafka_limits.hpp"

namespace tidings::kafka {
namespace {

LiveMember with(std::vector<PartitionOffset> partitions) {
  return {.client_id = "m", .static_id = {}, .partitions = std::move(partitions)};
}

// C9
TEST(Orphans, AreThereWhereAPartitionIsNobodys) {
  const Cluster::Topics topics{{"a", 2}, {"b", 1}};
  const LiveMember one = with({{"a", 0, 0}, {"b", 0, 0}}), two = with({{"a", 1, 0}});
  EXPECT_FALSE(has_orphans({.members = {one, two}, .is_stable = true}, topics));
  EXPECT_TRUE(has_orphans({.members = {one}, .is_stable = true}, topics));
  EXPECT_TRUE(has_orphans({.members = {one, with({{"b", 1, 0}})}, .is_stable = true}, topics)) << "of another topic";
  EXPECT_FALSE(has_orphans({.members = {}, .is_stable = true}, {})) << "a pattern that reads nothing yet";
}

TEST(Orphans, AreLookedForLessAndLessWhileTheGroupCannotBeLookedAt) {
  EXPECT_EQ(pause_after_nothing(kJoinsWithin), 2 * kJoinsWithin);
  Duration pause = kJoinsWithin;
  for (int i = 0; i < 10; ++i) pause = pause_after_nothing(pause);
  EXPECT_EQ(pause, kOrphanLookPauseMax);
}

}  // namespace
}  // namespace tidings::kafka
