// What of a partition is settled, and what its commits say of it.
#include "tests/support/scratch_directory.hpp"
#include "transport/driver/delivery_token.hpp"
#include "transport/kafka/client/kafka_limits.hpp"
#include "transport/kafka/consume/owned_partition_here.hpp"

namespace tidings::kafka {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using transport::Attempts;
using namespace std::chrono_literals;

constexpr std::optional<ErrorKind> kDone = std::nullopt;

class OwnedPartitionCommitTest : public OwnedPartitionHere {
 protected:
  // Owned, its first commit is confirmed, and so many are handed out.
  void hand_out(std::int64_t count, CommitRecord found = {}) {
    own_and_commit(std::move(found));
    put(0, count - 1);
    for (std::int64_t left = count; left > 0;) {
      left -= static_cast<std::int64_t>(take().size());
      commit();  // it is further ahead then
    }
  }
  // A strict retry of each second one, from the first on, as long as there is room. Returns the first of which none is.
  std::int64_t retry_each_second(std::int64_t count) {
    for (std::int64_t offset = 0; offset < count; offset += 2) {
      if (!partition().has_room_to_retry(offset)) return offset;
      partition().retry(offset, Attempts{.failed = 1, .due = kNow + 1h, .first_failed = kNow});
    }
    return count;
  }
};

// ---- Settling

TEST_F(OwnedPartitionCommitTest, SaysWhatIsSettled) {
  hand_out(4);
  EXPECT_FALSE(partition().has_news());
  EXPECT_TRUE(partition().all_committed());
  partition().settle(0);
  partition().settle(2);
  EXPECT_EQ(partition().held(0), std::nullopt);
  EXPECT_EQ(partition().out_count(), 2u);
  EXPECT_EQ(partition().out_bytes(), 2 * kBytes);
  EXPECT_TRUE(partition().has_news());
  EXPECT_EQ(partition().change_count(), 2u);
  EXPECT_FALSE(partition().is_urgent());
  const CommitRecord said = commit();
  EXPECT_EQ(said.watermark, 1);
  EXPECT_THAT(said.settled, ElementsAre(OffsetRange{2, 2}));
  EXPECT_EQ(said.board, kLife);
  EXPECT_EQ(said.slot, kSlot);
  EXPECT_EQ(partition().change_count(), 0u);
}

TEST_F(OwnedPartitionCommitTest, SettlesInTwoSteps) {
  hand_out(2);
  partition().begin_settling(0);
  EXPECT_EQ(partition().held(0), Held::out);
  EXPECT_EQ(partition().out_count(), 2u);
  EXPECT_EQ(commit().watermark, 1);
  partition().finish_settling(0);
  EXPECT_EQ(partition().held(0), std::nullopt);
  EXPECT_EQ(partition().out_count(), 1u);
  EXPECT_FALSE(partition().has_news());
}

TEST_F(OwnedPartitionCommitTest, TakesASettlementBackThatDidNotComeAbout) {
  hand_out(2);
  const Attempts tried{.failed = 2};
  partition().retry(0, tried);
  partition().begin_settling(0);
  EXPECT_THAT(said_by(partition().next_commit(Last::no)).attempts, IsEmpty());
  partition().commit_failed();
  partition().undo_settling(0);
  const CommitRecord said = commit();
  EXPECT_EQ(said.watermark, 0);
  EXPECT_THAT(said.attempts, ElementsAre(Pair(0, tried)));
  EXPECT_EQ(partition().attempts_at(0), tried);
  partition().settle(0);
  EXPECT_EQ(commit().watermark, 1);
}

TEST_F(OwnedPartitionCommitTest, ARetryIsInTheCommitAndRunsAgainWithItsAttempts) {
  hand_out(2);
  const Attempts tried{.failed = 1, .due = kNow + 1h, .first_failed = kNow, .last_error = "no such table"};
  partition().retry(0, tried);
  EXPECT_EQ(partition().held(0), Held::out) << "who has it waits for it";
  EXPECT_THAT(commit().attempts, ElementsAre(Pair(0, tried)));
  partition().release(0);
  EXPECT_THAT(take(), ElementsAre(0));
  EXPECT_EQ(delivery(0).attempts, tried);
}

TEST_F(OwnedPartitionCommitTest, AMarkIsInTheCommitUntilItsAttemptEnds) {
  hand_out(2, {.in_flight_below = 1});
  partition().mark(0, 1);
  EXPECT_THAT(commit().attempts, ElementsAre(Pair(0, Attempts{.crashes = 1})));
  EXPECT_THAT(partition().left().attempts, IsEmpty()) << "whoever has it next charges nothing";
  EXPECT_EQ(partition().left().in_flight_below, 1) << "it is as suspect as before";
  EXPECT_TRUE(partition().release(0));
  EXPECT_TRUE(partition().has_news());
  EXPECT_THAT(commit().attempts, IsEmpty());
}

TEST_F(OwnedPartitionCommitTest, TheNextSuspectWaitsForNoOrdinaryCommit) {
  hand_out(2, {.in_flight_below = 1});
  partition().mark(0, 1);
  commit();
  EXPECT_FALSE(partition().is_urgent());
  partition().settle(0);
  EXPECT_TRUE(partition().is_urgent());
}

TEST_F(OwnedPartitionCommitTest, ALastCommitSaysThatNothingIsInFlight) {
  hand_out(3);
  partition().retry(1, Attempts{.failed = 1});
  partition().mark(2, 1);
  partition().settle(0);
  const Commit last = partition().next_commit(Last::yes);
  EXPECT_EQ(said_by(last), partition().left());
  EXPECT_EQ(said_by(last), (CommitRecord{.watermark = 1, .attempts = {{1, Attempts{.failed = 1}}}}));
}

// ---- Answers

TEST_F(OwnedPartitionCommitTest, AnswersWhatTheConfirmedCommitSays) {
  hand_out(3);
  partition().settle(0);
  partition().answer_later(0, waiter(10), answers);
  const Commit first = partition().next_commit(Last::no);
  partition().settle(1);
  partition().answer_later(1, waiter(11), answers);
  EXPECT_THAT(answered(), IsEmpty());
  confirm(first);
  EXPECT_THAT(answered(), ElementsAre(Pair(10u, kDone)));
  EXPECT_TRUE(partition().is_waited_for());
  EXPECT_FALSE(partition().all_committed());
  commit();
  EXPECT_THAT(answered(), ElementsAre(Pair(11u, kDone)));
  EXPECT_FALSE(partition().is_waited_for());
}

TEST_F(OwnedPartitionCommitTest, AnswersAtOnceWhereAllIsCommitted) {
  hand_out(1);
  partition().release(0);
  partition().answer_later(0, waiter(10), answers);
  EXPECT_THAT(answered(), ElementsAre(Pair(10u, kDone)));
  take();
  partition().settle(0);
  partition().answer_later(0, {}, answers);
  EXPECT_FALSE(partition().is_waited_for()) << "nobody asked";
}

TEST_F(OwnedPartitionCommitTest, ACommitThatFailedIsSaidAgain) {
  hand_out(2);
  partition().settle(0);
  partition().answer_later(0, waiter(10), answers);
  EXPECT_EQ(partition().next_commit(Last::no).offset, 1);
  EXPECT_FALSE(partition().has_news());
  partition().commit_failed();
  EXPECT_THAT(answered(), IsEmpty());
  EXPECT_TRUE(partition().has_news());
  EXPECT_TRUE(partition().is_urgent());
  EXPECT_EQ(commit().watermark, 1);
  EXPECT_THAT(answered(), ElementsAre(Pair(10u, kDone)));
}

TEST_F(OwnedPartitionCommitTest, WhoseDeadlineIsOverIsToldThatItIsNotKnown) {
  hand_out(3);
  for (const std::int64_t offset : {0, 1}) {
    partition().settle(offset);
    partition().answer_later(offset, waiter(10 + static_cast<std::size_t>(offset), kNow + offset * 1s), answers);
  }
  partition().expire(kNow, answers);
  EXPECT_THAT(answered(), ElementsAre(Pair(10u, ErrorKind::unavailable)));
  EXPECT_FALSE(partition().was_doubtful(1)) << "it still waits";
  EXPECT_TRUE(partition().was_doubtful(0));
  EXPECT_FALSE(partition().was_doubtful(0)) << "it was asked for again";
  commit();
  EXPECT_THAT(answered(), ElementsAre(Pair(11u, kDone)));
}

TEST_F(OwnedPartitionCommitTest, WhoWaitsIsToldThatSomebodyElseOwnsIt) {
  hand_out(2);
  for (const std::int64_t offset : {0, 1}) {
    partition().settle(offset);
    partition().answer_later(offset, waiter(static_cast<std::size_t>(offset)), answers);
  }
  partition().lose(answers);
  EXPECT_THAT(answered(), ElementsAre(Pair(0u, ErrorKind::conflict), Pair(1u, ErrorKind::conflict)));
  EXPECT_FALSE(partition().is_waited_for());
  EXPECT_FALSE(partition().was_doubtful(0)) << "it was not done";
}

// ---- Room for what a commit says

TEST_F(OwnedPartitionCommitTest, ARetryHasRoomWhateverIsSettledBetweenThoseThatWait) {
  constexpr std::int64_t kCount = 1'000;
  hand_out(kCount);
  const std::int64_t refused = retry_each_second(kCount);
  EXPECT_GT(refused, 100);
  ASSERT_LT(refused, kCount);
  EXPECT_TRUE(partition().has_room_to_retry(0)) << "the commit speaks of it already";
  for (std::int64_t offset = 1; offset < kCount; offset += 2) partition().settle(offset);
  for (std::int64_t offset = refused; offset < kCount; offset += 2) partition().settle(offset);
  const Commit all = partition().next_commit(Last::no);
  EXPECT_FALSE(all.is_cut);
  EXPECT_LE(all.metadata.size(), kCommitMetadataMax);
  EXPECT_EQ(said_by(all).attempts.size(), static_cast<std::size_t>(refused / 2));
}

TEST_F(OwnedPartitionCommitTest, ARetryThatHasRoomFits) {
  constexpr std::int64_t kCount = 1'000;
  hand_out(kCount);
  for (std::int64_t offset = 1; offset < kCount; offset += 2) partition().settle(offset);
  ASSERT_LT(retry_each_second(kCount), kCount);
  const Commit full = partition().next_commit(Last::no);
  EXPECT_FALSE(full.is_cut);
  EXPECT_LE(full.metadata.size(), kCommitMetadataMax);
}

TEST_F(OwnedPartitionCommitTest, NothingNewComesWhereItIsNearlyFull) {
  constexpr std::int64_t kCount = 1'000;
  hand_out(kCount);
  const std::int64_t refused = retry_each_second(kCount);
  put(kCount, kCount);
  commit();
  EXPECT_THAT(take(), IsEmpty());
  EXPECT_FALSE(partition().is_urgent());
  for (std::int64_t offset = 0; offset < refused / 2; offset += 2) partition().settle(offset);
  EXPECT_THAT(take(), IsEmpty());
  EXPECT_TRUE(partition().is_urgent()) << "the next commit has room again";
  commit();
  EXPECT_THAT(take(), ElementsAre(kCount));
}

TEST_F(OwnedPartitionCommitTest, TheNextOwnerGetsWhatANearlyFullCommitSpeaksOf) {
  constexpr std::int64_t kCount = 1'000;
  hand_out(kCount);
  const std::int64_t refused = retry_each_second(kCount);
  const CommitRecord left = said_by(partition().next_commit(Last::yes));
  own_and_commit(left);
  put(0, kCount - 1);
  while (!take().empty()) commit();
  EXPECT_EQ(deliveries.back().position.offset, refused - 2) << "and nothing beyond";
}

TEST_F(OwnedPartitionCommitTest, WhereTooMuchIsSettledBetweenOthersItSaysLessAndAnswersNobody) {
  constexpr std::int64_t kCount = 8'000;
  hand_out(kCount);
  for (std::int64_t offset = 1; offset < kCount; offset += 2) partition().settle(offset);
  partition().answer_later(1, waiter(10), answers);
  const Commit cut = partition().next_commit(Last::no);
  EXPECT_TRUE(cut.is_cut);
  EXPECT_LE(cut.metadata.size(), kCommitMetadataMax);
  EXPECT_EQ(said_by(cut).settled.front(), (OffsetRange{1, 1}));
  confirm(cut);
  EXPECT_THAT(answered(), IsEmpty());
  EXPECT_FALSE(partition().all_committed());
  for (std::int64_t offset = 0; offset < kCount - 100; offset += 2) partition().settle(offset);
  const Commit whole = partition().next_commit(Last::no);
  EXPECT_FALSE(whole.is_cut);
  confirm(whole);
  EXPECT_THAT(answered(), ElementsAre(Pair(10u, kDone)));
}

// ---- Suspects, where it is known what was being handled (P5)

class OwnedPartitionBoardTest : public OwnedPartitionHere {
 protected:
  static constexpr std::uint64_t kLifeBefore = 66, kSlotBefore = 9;
  static constexpr std::size_t kRunning = 3;

  std::shared_ptr<transport::InstanceBoard> board_of(std::uint64_t life) {
    return transport::InstanceBoard::take_over(scratch / "board", life, kRunning, kRunning);
  }
  // Of a life that ended while it handled these.
  std::shared_ptr<transport::InstanceBoard> board_after(const Offsets& handled) {
    const auto before = board_of(kLifeBefore);
    for (std::size_t i = 0; i < handled.size(); ++i)
      before->running()[i] = transport::token_of(kSlotBefore, handled[i]);
    return board_of(kLife);
  }
  // What of 0 to 4 is suspect.
  Offsets suspects(std::uint64_t board, std::shared_ptr<transport::InstanceBoard> ours) {
    own_and_commit({.in_flight_below = 4, .board = board, .slot = kSlotBefore}, kWindow, std::move(ours));
    put(0, 4);
    Offsets found;
    for (const std::int64_t offset : take()) {
      if (delivery(offset).suspect) found.push_back(offset);
    }
    return found;
  }

  tidings::testing::ScratchDirectory scratch;
};

TEST_F(OwnedPartitionBoardTest, OnlyWhatWasBeingHandledIsSuspect) {
  EXPECT_THAT(suspects(kLifeBefore, board_after({2})), ElementsAre(2));
}

TEST_F(OwnedPartitionBoardTest, WhatIsSettledByNowIsNoSuspect) {
  own_and_commit({.watermark = 2, .in_flight_below = 4, .board = kLifeBefore, .slot = kSlotBefore}, kWindow,
                 board_after({1, 2}));
  EXPECT_EQ(board_of(kLife + 1)->left_by(kLife, kSlot), std::set<std::int64_t>{2});
}

TEST_F(OwnedPartitionBoardTest, ABoardOfAnotherLifeSaysNothing) {
  EXPECT_THAT(suspects(kLifeBefore + 1, board_after({2})), ElementsAre(0, 1, 2, 3));
}

TEST_F(OwnedPartitionBoardTest, WithoutRoomForItsSuspectsAllAreSuspect) {
  const auto ours = board_after({2});
  ASSERT_TRUE(ours->put_suspects(kSlot + 1, {7, 8, 9}));
  EXPECT_THAT(suspects(kLifeBefore, ours), ElementsAre(0, 1, 2, 3));
}

TEST_F(OwnedPartitionBoardTest, ASecondDeathFindsThoseThatWereNotHandledYet) {
  EXPECT_THAT(suspects(kLifeBefore, board_after({0, 1, 2})), ElementsAre(0, 1, 2));
  partition().settle(0);
  partition().retry(1, Attempts{.failed = 1});
  EXPECT_EQ(board_of(kLife + 1)->left_by(kLife, kSlot), std::set<std::int64_t>{2});
  partition().release(1);
  EXPECT_THAT(take(), ElementsAre(1));
  EXPECT_FALSE(delivery(1).suspect) << "it was run alone";
}

}  // namespace
}  // namespace tidings::kafka
