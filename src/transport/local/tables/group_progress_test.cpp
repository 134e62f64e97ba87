#include "transport/local/tables/group_progress.hpp"

#include <gtest/gtest.h>

namespace tidings::local {
namespace {

StoredProgress round_trip(Sequence settled_to, const std::vector<Sequence>& pending) {
  std::string bytes;
  encode_progress(settled_to, pending, bytes);
  return decode_progress(bytes);
}

TEST(GroupProgress, KnowsWhatIsSettled) {
  const StoredProgress progress{.settled_to = 10, .pending = {3, 7}};
  EXPECT_TRUE(progress.settled(1));
  EXPECT_FALSE(progress.settled(3));
  EXPECT_TRUE(progress.settled(4));
  EXPECT_FALSE(progress.settled(7));
  EXPECT_TRUE(progress.settled(10));
  EXPECT_FALSE(progress.settled(11));
}

TEST(GroupProgress, GoesOnAtTheFirstUnsettledOne) {
  EXPECT_EQ((StoredProgress{.settled_to = 10, .pending = {3, 7}}.first_open()), 3u);
  EXPECT_EQ((StoredProgress{.settled_to = 10}.first_open()), 11u);
}

TEST(GroupProgress, StoresOnlyWhatLiesBeforeTheLastSettledOne) {
  EXPECT_EQ(round_trip(10, {3, 7, 12, 20}), (StoredProgress{.settled_to = 10, .pending = {3, 7}}));
  EXPECT_EQ(round_trip(10, {10, 11}), (StoredProgress{.settled_to = 10, .pending = {10}}));
  const Sequence large = 1ull << 40;
  EXPECT_EQ(round_trip(large, {1, large - 1}), (StoredProgress{.settled_to = large, .pending = {1, large - 1}}));
}

TEST(GroupProgress, ReadsNothingBeyondItsBytes) {
  std::string bytes;
  encode_progress(10, {3, 7}, bytes);
  bytes.pop_back();
  EXPECT_LE(decode_progress(bytes).pending.size(), 2u);
}

}  // namespace
}  // namespace tidings::local
