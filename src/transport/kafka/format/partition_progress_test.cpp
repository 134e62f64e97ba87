#include "transport/kafka/format/partition_progress.hpp"

#include <gtest/gtest.h>

namespace tidings::kafka {
namespace {

using transport::Attempts;
using Ranges = std::vector<OffsetRange>;

PartitionProgress with_arrivals(std::int64_t first, std::int64_t last) {
  PartitionProgress progress{{.watermark = first}};
  for (std::int64_t offset = first; offset <= last; ++offset) EXPECT_TRUE(progress.arrive(offset));
  return progress;
}

TEST(PartitionProgress, SuspectsOnlyWhatWasBeingHandledWhereThatIsKnown) {
  PartitionProgress progress{{.watermark = 5, .in_flight_below = 100}, std::set<std::int64_t>{6, 9}};
  EXPECT_FALSE(progress.arrive(5)->suspect);
  EXPECT_TRUE(progress.arrive(6)->suspect);
  EXPECT_EQ(progress.last_record().in_flight_below, 10) << "one has not come yet";
  EXPECT_FALSE(progress.arrive(7)->suspect);
  EXPECT_TRUE(progress.arrive(9)->suspect);
  progress.settle(9);
  EXPECT_EQ(progress.last_record().in_flight_below, 7);
  progress.settle(6);
  EXPECT_EQ(progress.last_record().in_flight_below, std::nullopt);
}

TEST(PartitionProgress, CommitsTheFirstThatIsNotSettledAndWhatIsSettledBeyond) {
  auto progress = with_arrivals(5, 10);
  for (const std::int64_t offset : {5, 7, 8, 10}) progress.settle(offset);
  const auto record = progress.record(100);
  EXPECT_EQ(record.watermark, 6);
  EXPECT_EQ(record.settled, (Ranges{{7, 8}, {10, 10}}));
  EXPECT_EQ(record.in_flight_below, 100);
  progress.settle(6);
  EXPECT_EQ(progress.record(100).watermark, 9);
  progress.settle(9);
  EXPECT_EQ(progress.record(100), (CommitRecord{.watermark = 11, .in_flight_below = 100}));
}

TEST(PartitionProgress, TakesGapsAsSettled) {
  PartitionProgress progress{{.watermark = 5}};
  EXPECT_TRUE(progress.arrive(8));
  EXPECT_TRUE(progress.arrive(20));
  EXPECT_EQ(progress.record(100).watermark, 8);
  EXPECT_EQ(progress.record(100).settled, (Ranges{{9, 19}}));
  progress.settle(8);
  progress.settle(20);
  progress.skip_to(25);
  EXPECT_EQ(progress.record(100).watermark, 25);
}

TEST(PartitionProgress, GoesOnWhereAnotherStopped) {
  auto before = with_arrivals(5, 12);
  for (const std::int64_t offset : {5, 7, 8, 11}) before.settle(offset);
  before.retry(9, Attempts{.failed = 2});
  PartitionProgress after{before.last_record()};
  EXPECT_EQ(after.record(6).settled, (Ranges{{7, 8}, {11, 12 - 1}})) << "it keeps what it has not read yet";
  EXPECT_EQ(after.record(6).attempts.at(9).failed, 2);
  std::vector<std::int64_t> came;
  for (std::int64_t offset = 6; offset <= 13; ++offset) {
    const auto arrival = after.arrive(offset);
    if (!arrival) continue;
    came.push_back(offset);
    EXPECT_EQ(arrival->attempts.failed, offset == 9 ? 2 : 0);
    EXPECT_FALSE(arrival->suspect);
  }
  EXPECT_EQ(came, (std::vector<std::int64_t>{6, 9, 10, 12, 13}));
  EXPECT_EQ(after.last_record().attempts.at(9).failed, 2);
}

TEST(PartitionProgress, SuspectsWhatMayHaveBeenInFlightOfWhoDidNotEnd) {
  auto died = with_arrivals(5, 9);
  died.settle(6);
  PartitionProgress heir{died.record(8)};
  EXPECT_TRUE(heir.arrive(5)->suspect);
  EXPECT_FALSE(heir.arrive(6));
  EXPECT_TRUE(heir.arrive(7)->suspect);
  EXPECT_FALSE(heir.arrive(8)->suspect);
  EXPECT_EQ(heir.last_record().in_flight_below, 8) << "suspects that were not run stay suspects";
  heir.settle(7);
  EXPECT_EQ(heir.last_record().in_flight_below, 6);
  heir.retry(5, Attempts{.failed = 1});
  EXPECT_EQ(heir.last_record().in_flight_below, std::nullopt) << "its run returned";
}

TEST(PartitionProgress, KeepsSuspicionOfWhatItHasNotRead) {
  PartitionProgress heir{{.watermark = 5, .in_flight_below = 9}};
  EXPECT_EQ(heir.record(6).in_flight_below, 9);
  EXPECT_EQ(heir.last_record().in_flight_below, 9);
}

TEST(PartitionProgress, ChargesAMarkOnlyToWhoDoesNotEnd) {
  auto progress = with_arrivals(5, 5);
  progress.mark(5, Attempts{.crashes = 1});
  EXPECT_EQ(progress.record(6).attempts.at(5).crashes, 1);
  EXPECT_TRUE(progress.last_record().attempts.empty());
  EXPECT_TRUE(progress.release(5));
  EXPECT_FALSE(progress.release(5));
  EXPECT_TRUE(progress.record(6).attempts.empty());
}

TEST(PartitionProgress, CountsWhatIsGoneButForWhatWasSettledBefore) {
  PartitionProgress progress{CommitRecord{.watermark = 5, .settled = {{7, 8}, {20, 30}}}};
  EXPECT_EQ(progress.unsettled_before(5), 0u);
  EXPECT_EQ(progress.unsettled_before(10), 3u) << "5, 6 and 9";
  progress.skip_to(8);
  EXPECT_EQ(progress.unsettled_before(10), 1u) << "8 was settled, too";
  EXPECT_EQ(progress.unsettled_before(22), 11u) << "9 to 19";
}

}  // namespace
}  // namespace tidings::kafka
