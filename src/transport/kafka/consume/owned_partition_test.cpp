// What of a partition is handed out, and in which order.
#include "transport/kafka/consume/owned_partition.hpp"

#include <numeric>

#include "transport/driver/delivery_token.hpp"
#include "transport/kafka/client/kafka_limits.hpp"
#include "transport/kafka/consume/owned_partition_here.hpp"

namespace tidings::kafka {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using transport::Attempts;
using namespace std::chrono_literals;

class OwnedPartitionTest : public OwnedPartitionHere {
 protected:
  static Offsets range(std::int64_t first, std::int64_t last) {
    Offsets offsets(static_cast<std::size_t>(last - first + 1));
    std::iota(offsets.begin(), offsets.end(), first);
    return offsets;
  }
};

TEST_F(OwnedPartitionTest, HandsOutAsFarAsThereIsRoom) {
  own_and_commit({.watermark = 5});
  put(5, 20);
  Room room{.records = 2, .bytes = 1'000};
  partition().hand_out(room, kNow, deliveries, hops);
  ASSERT_EQ(deliveries.size(), 2u);
  EXPECT_EQ(deliveries[0].token, transport::token_of(kSlot, 5));
  EXPECT_EQ(deliveries[0].partition, id);
  EXPECT_EQ(deliveries[0].position.offset, 5);
  EXPECT_EQ(deliveries[1].token, transport::token_of(kSlot, 6));
  EXPECT_EQ(room.records, 0u);
  EXPECT_EQ(room.bytes, 800);
  EXPECT_EQ(partition().out_count(), 2u);
  EXPECT_EQ(partition().out_bytes(), 2 * kBytes);
  EXPECT_THAT(here().asked, ElementsAre(2)) << "it fetched no more than that";
}

TEST_F(OwnedPartitionTest, OneMoreComesAsLongAsThereAreAnyBytes) {
  own_and_commit();
  put(0, 9);
  EXPECT_EQ(take(Room{.records = 10, .bytes = kBytes + 1}), range(0, 1));
  EXPECT_THAT(take(Room{.records = 10, .bytes = 0}), IsEmpty());
  EXPECT_THAT(take(Room{.records = 0, .bytes = 1'000}), IsEmpty());
  EXPECT_EQ(take(), range(2, 9)) << "what was fetched and did not go is not lost";
}

TEST_F(OwnedPartitionTest, WhatWasGivenBackComesFirstAndInOrder) {
  own_and_commit();
  put(0, 5);
  EXPECT_EQ(take(4), range(0, 3));
  for (const std::int64_t offset : {2, 0, 1}) EXPECT_FALSE(partition().release(offset)) << "it was not tried";
  EXPECT_EQ(partition().out_count(), 1u);
  EXPECT_EQ(partition().out_bytes(), kBytes);
  EXPECT_EQ(partition().held(0), Held::released);
  EXPECT_EQ(take(1), range(0, 0));
  EXPECT_EQ(partition().held(0), Held::out);
  EXPECT_THAT(take(), ElementsAre(1, 2, 4, 5));
  EXPECT_EQ(partition().out_count(), 6u);
}

TEST_F(OwnedPartitionTest, HandsOutNothingBeforeItsFirstCommitIsConfirmed) {
  own();
  put(0, 3);
  EXPECT_TRUE(partition().has_news());
  EXPECT_TRUE(partition().is_urgent());
  EXPECT_THAT(take(), IsEmpty());
  const Commit refused = partition().next_commit(Last::no);
  EXPECT_FALSE(partition().has_news());
  EXPECT_THAT(take(), IsEmpty());
  partition().commit_failed();
  EXPECT_TRUE(partition().has_news());
  EXPECT_TRUE(partition().is_urgent());
  EXPECT_THAT(take(), IsEmpty());
  EXPECT_THAT(here().asked, IsEmpty());
  commit();
  EXPECT_EQ(take(), range(0, 3));
}

TEST_F(OwnedPartitionTest, HandsOutNothingWhileItIsPausedOrOnceItIsStopped) {
  own_and_commit();
  put(0, 5);
  EXPECT_EQ(take(2), range(0, 1));
  partition().release(1);
  partition().set_paused(true);
  EXPECT_THAT(take(), IsEmpty());
  partition().set_paused(false);
  EXPECT_EQ(take(2), range(1, 2));
  partition().release(2);
  partition().stop();
  EXPECT_TRUE(partition().stopped());
  EXPECT_THAT(take(), IsEmpty()) << "it goes to another owner";
}

// ---- How far ahead of a commit (P5)

TEST_F(OwnedPartitionTest, GoesNoFurtherAheadThanACommitSaid) {
  own({}, 16);
  put(0, 99);
  EXPECT_EQ(commit().in_flight_below, 16);
  EXPECT_EQ(take(8), range(0, 7));
  EXPECT_FALSE(partition().is_urgent());
  EXPECT_EQ(take(), range(8, 15));
  EXPECT_TRUE(partition().is_urgent()) << "from half of it on";
  EXPECT_THAT(take(), IsEmpty());
  const Commit next = partition().next_commit(Last::no);
  EXPECT_EQ(next.in_flight_below, 32);
  EXPECT_FALSE(partition().is_urgent());
  EXPECT_THAT(take(), IsEmpty()) << "it is not confirmed";
  EXPECT_FALSE(partition().is_urgent()) << "it is under way";
  confirm(next);
  EXPECT_EQ(take(4), range(16, 19));
  EXPECT_EQ(commit().in_flight_below, 36) << "from where it is";
  EXPECT_EQ(take(), range(20, 35));
}

TEST_F(OwnedPartitionTest, ACommitThatFailedTakesItNoFurther) {
  own_and_commit({}, 16);
  put(0, 99);
  EXPECT_EQ(take(), range(0, 15));
  EXPECT_EQ(partition().next_commit(Last::no).in_flight_below, 32);
  partition().commit_failed();
  EXPECT_TRUE(partition().is_urgent());
  EXPECT_THAT(take(), IsEmpty());
  EXPECT_EQ(commit().in_flight_below, 32);
  EXPECT_EQ(take(), range(16, 31));
}

TEST_F(OwnedPartitionTest, AsksForTheNextCommitInTimeWhereOneThatFailedWentFurther) {
  own();
  const std::int64_t failed = partition().next_commit(Last::no).in_flight_below;
  partition().commit_failed();
  const std::optional<std::int64_t> below = commit().in_flight_below;
  ASSERT_LT(below, failed) << "less is enough: nothing was handed out";
  put(0, failed);
  EXPECT_EQ(take(), range(0, *below - 1));
  EXPECT_TRUE(partition().is_urgent());
}

TEST_F(OwnedPartitionTest, GoesTwiceAsFarOnceItHadToWait) {
  own_and_commit();
  put(0, 9'999);
  const std::size_t first = take().size();
  commit();
  EXPECT_EQ(take().size(), 2 * first);
}

// ---- What is left out

TEST_F(OwnedPartitionTest, PassesByWhatWasSettledBeforeAndGoesOnWithAttempts) {
  own_and_commit({.watermark = 5, .settled = {{6, 7}}, .attempts = {{8, Attempts{.failed = 2}}}});
  put(5, 9);
  EXPECT_THAT(take(), ElementsAre(5, 8, 9));
  EXPECT_TRUE(partition().has_news());
  EXPECT_EQ(delivery(8).attempts.failed, 2);
  EXPECT_EQ(partition().attempts_at(8).failed, 2);
  EXPECT_EQ(partition().attempts_at(9), Attempts{});
  EXPECT_EQ(partition().record_at(9).offset, 9);
}

TEST_F(OwnedPartitionTest, CountsWhatWasGoneBeforeItWasFetched) {
  own_and_commit({.watermark = 5, .settled = {{7, 7}}});
  here().begin = 9;
  put(9, 9);
  put(15, 15);
  EXPECT_THAT(take(), ElementsAre(9, 15));
  EXPECT_EQ(partition().take_expired(), 3u) << "5, 6 and 8; those before 15 are no loss: nobody took them";
  EXPECT_EQ(partition().take_expired(), 0u);
}

// ---- Suspects (P5)

TEST_F(OwnedPartitionTest, WithoutABoardAllIsSuspectThatMayHaveBeenInFlight) {
  own_and_commit({.watermark = 5, .settled = {{6, 6}}, .in_flight_below = 8});
  put(5, 9);
  EXPECT_THAT(take(), ElementsAre(5, 7, 8, 9));
  EXPECT_TRUE(delivery(5).suspect);
  EXPECT_TRUE(delivery(7).suspect);
  EXPECT_FALSE(delivery(8).suspect);
  partition().release(7);
  EXPECT_THAT(take(), ElementsAre(7));
  EXPECT_TRUE(delivery(7).suspect) << "it still has not run alone";
}

// ---- Retries that wait elsewhere

TEST_F(OwnedPartitionTest, ARetryThatIsEarlyHoldsUpThoseBehindIt) {
  own_and_commit();
  put_copy(0, 2s, -1s, {.failed = 2});
  put_copy(1, 300ms, 1h);
  put_copy(2, 5s, -1s);
  EXPECT_THAT(take(), ElementsAre(0));
  EXPECT_EQ(partition().waits_until(), kNow + 700ms) << "the first step: a second";
  EXPECT_EQ(delivery(0).attempts.failed, 2);
  EXPECT_EQ(delivery(0).position, (transport::Position{.partition = 8, .offset = 1'000})) << "of the original";
  EXPECT_THAT(hops, IsEmpty());
  Room room = kRoomy;
  partition().hand_out(room, kNow + 700ms, deliveries, hops);
  EXPECT_EQ(partition().waits_until(), kNever);
  EXPECT_THAT(hops, ElementsAre(1)) << "it waited here as long as one does";
  EXPECT_EQ(partition().held(1), Held::hopping);
  EXPECT_EQ(partition().out_count(), 2u);
}

TEST_F(OwnedPartitionTest, ARetryThatWasTriedHereStays) {
  own_and_commit({.attempts = {{0, Attempts{.failed = 1, .due = kNow + 1h}}}});
  put_copy(0, 2s, 1h);
  EXPECT_THAT(take(), ElementsAre(0)) << "who has it waits for it";
  EXPECT_THAT(hops, IsEmpty());
  EXPECT_EQ(delivery(0).attempts.failed, 1);
}

TEST_F(OwnedPartitionTest, SoManyRetriesAreOnTheWayToTheirNextStep) {
  own_and_commit();
  const auto last = static_cast<std::int64_t>(kHopsMax);
  for (std::int64_t offset = 0; offset <= last; ++offset) put_copy(offset, 2s, 1h);
  for (int i = 0; i < 5; ++i) {
    take();
    commit();  // it is further ahead then
  }
  EXPECT_EQ(hops, range(0, last - 1));
  EXPECT_THAT(deliveries, IsEmpty());
  EXPECT_EQ(partition().out_count(), 0u) << "they take no room";
  EXPECT_FALSE(partition().held(last));
  partition().settle(0);
  take();
  EXPECT_EQ(hops.back(), last);
  EXPECT_EQ(partition().held(last), Held::hopping);
}

}  // namespace
}  // namespace tidings::kafka
