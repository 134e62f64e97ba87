#include "transport/driver/control_records.hpp"

#include <gmock/gmock.h>

namespace tidings::transport {
namespace {

constexpr Time kNow = Time{std::chrono::hours{1'000}};
constexpr Time kLongAgo = kNow - std::chrono::days{1};

class ControlRecordsTest : public ::testing::Test {
 protected:
  bool apply(ControlMessage message, std::uint64_t version, Time appended = kNow) {
    message.version = version;
    message.appended = appended;
    return table_.apply(message, earlier_by_age(appended, kNow));
  }
  std::string value() { return table_.get("k", kNow).value_or(ControlRecord{.value = "nothing"}).value; }
  std::uint64_t version() { return table_.get("k", kNow).value_or(ControlRecord{}).version; }

  ControlRecords table_;
};

TEST_F(ControlRecordsTest, CountsWhatExpectsTheVersionThatIsThere) {
  EXPECT_TRUE(apply({.key = "k", .value = "1", .expected = 0}, 5));
  EXPECT_FALSE(apply({.key = "k", .value = "2", .expected = 0}, 6));
  EXPECT_TRUE(apply({.key = "k", .value = "3", .expected = 5}, 7));
  EXPECT_TRUE(apply({.key = "k", .expected = 7}, 8));
  EXPECT_FALSE(apply({.key = "k", .value = "4", .expected = 8}, 9)) << "what was erased has no version";
  EXPECT_TRUE(apply({.key = "k", .value = "5", .expected = 0}, 10));
  EXPECT_EQ(value(), "5");
}

TEST_F(ControlRecordsTest, CountsNothingThatExpectsWhatNeverWas) {
  EXPECT_FALSE(apply({.key = "k", .value = "1", .expected = 3}, 5));
  EXPECT_EQ(value(), "nothing");
}

TEST_F(ControlRecordsTest, HoldsWhatExpiredForAbsent) {
  EXPECT_TRUE(apply({.key = "k", .value = "1", .expires = kNow}, 5, kNow - std::chrono::seconds{1}));
  EXPECT_EQ(value(), "nothing");
  EXPECT_TRUE(apply({.key = "k", .value = "2", .expected = 0}, 6));
}

// As compaction leaves it: the record that counts is gone, the one that did not is the first of its key.
TEST_F(ControlRecordsTest, ARepairTellsThoseWhoReadOnlyWhatIsLeft) {
  ASSERT_TRUE(apply({.key = "k", .value = "kept"}, 5));
  ASSERT_FALSE(apply({.key = "k", .value = "ignored", .expected = 3}, 6));
  auto repair = table_.repair_of("k");
  ASSERT_TRUE(repair);
  EXPECT_TRUE(apply(*repair, 7));
  EXPECT_FALSE(table_.repair_of("k"));
  EXPECT_EQ(version(), 5u);

  table_ = {};
  apply({.key = "k", .value = "ignored", .expected = 3}, 6, kLongAgo);
  EXPECT_TRUE(apply(*repair, 7, kLongAgo));
  EXPECT_EQ(value(), "kept");
  EXPECT_EQ(version(), 5u);

  table_ = {};
  EXPECT_TRUE(apply(*repair, 7, kLongAgo));
  EXPECT_EQ(value(), "kept");
  EXPECT_EQ(version(), 5u);
}

TEST_F(ControlRecordsTest, ARepairThatCameTooLateIsRepairedItself) {
  ASSERT_TRUE(apply({.key = "k", .value = "old"}, 5));
  ASSERT_FALSE(apply({.key = "k", .value = "ignored", .expected = 3}, 6));
  const auto repair = *table_.repair_of("k");
  ASSERT_TRUE(apply({.key = "k", .value = "new"}, 7));
  EXPECT_FALSE(apply(repair, 8));
  EXPECT_EQ(table_.repairs(kNow).size(), 0u) << "whoever sent it may do so";
  ASSERT_EQ(table_.repairs(kNow + std::chrono::seconds{1}).size(), 1u);
  EXPECT_EQ(table_.repairs(kNow + std::chrono::seconds{1}).front().value, "new");
}

TEST_F(ControlRecordsTest, TakesWhatExpectsARecordThatWasCompactedAway) {
  EXPECT_TRUE(apply({.key = "k", .value = "2", .expected = 3}, 6, kLongAgo));
  EXPECT_EQ(value(), "2");
  EXPECT_FALSE(apply({.key = "k", .value = "3", .expected = 3}, 7, kLongAgo));
  EXPECT_TRUE(apply({.key = "k", .value = "4", .expected = 5}, 8, kLongAgo)) << "it knew of 5: so 6 did not count";
  EXPECT_EQ(value(), "4");
}

// As a log that is cut at its front leaves it: all but what came first.
class CutControlRecordsTest : public ControlRecordsTest {
 protected:
  bool apply_cut(ControlMessage message, std::uint64_t version) {
    message.version = version;
    message.appended = kNow;
    return cut_.apply(message, Earlier::may_be_gone);
  }
  // By who has read all, and by who has not.
  bool apply_both(const ControlMessage& message, std::uint64_t version) {
    const bool counted = apply(message, version);
    apply_cut(message, version);
    return counted;
  }
  std::uint64_t version_of_cut() { return cut_.get("k", kNow).value_or(ControlRecord{}).version; }

  ControlRecords cut_;
};

TEST_F(CutControlRecordsTest, OneThatMayHaveCountedForNothingIsPutRightByWhatIsSentAgain) {
  ASSERT_TRUE(apply({.key = "k", .value = "1"}, 5));
  EXPECT_FALSE(apply_both({.key = "k", .value = "stale", .expected = 4}, 8));
  EXPECT_FALSE(apply_both({.key = "k", .value = "staler", .expected = 3}, 9));
  EXPECT_EQ(version_of_cut(), 8u) << "it cannot know";
  EXPECT_TRUE(cut_.sinking(1, 1'000).empty()) << "so it says nothing to others";
  const auto again = table_.sinking(1, 1'000);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_TRUE(apply_both(again.front(), 10));
  EXPECT_EQ(version(), 5u);
  EXPECT_EQ(version_of_cut(), 5u);
  EXPECT_EQ(cut_.sinking(1, 1'000).size(), 1u);
}

TEST_F(CutControlRecordsTest, SoIsWhatWasErased) {
  ASSERT_TRUE(apply({.key = "k", .value = "1"}, 5));
  ASSERT_TRUE(apply({.key = "k"}, 6));
  EXPECT_TRUE(table_.sinking(1, 1'000).empty()) << "nobody can take it for anything";
  EXPECT_FALSE(apply_both({.key = "k", .value = "stale", .expected = 5}, 8));
  EXPECT_EQ(version_of_cut(), 8u);
  const auto again = table_.sinking(1, 1'000);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_TRUE(apply_both(again.front(), 9));
  EXPECT_EQ(version_of_cut(), 0u);
  EXPECT_TRUE(table_.sinking(1, 1'000).empty());
}

TEST_F(CutControlRecordsTest, AKeyThatChangesAllTheTimeIsPutRightByWhoKnewItsVersion) {
  ASSERT_TRUE(apply({.key = "k", .value = "1"}, 5));
  EXPECT_FALSE(apply_both({.key = "k", .value = "created", .expected = 0}, 8));
  EXPECT_FALSE(apply_both({.key = "k", .value = "stale", .expected = 4}, 9));
  EXPECT_TRUE(apply_both({.key = "k", .value = "2", .expected = 5}, 10));
  EXPECT_TRUE(apply_both({.key = "k", .value = "3", .expected = 10}, 11));
  EXPECT_FALSE(apply_both({.key = "k", .value = "stale", .expected = 10}, 12));
  EXPECT_EQ(version(), 11u);
  EXPECT_EQ(version_of_cut(), 11u);
}

TEST_F(CutControlRecordsTest, AKeyThatWasErasedAndChangesAllTheTimeLikewise) {
  ASSERT_TRUE(apply({.key = "k"}, 5));
  EXPECT_FALSE(apply_both({.key = "k", .value = "stale", .expected = 4}, 8));
  EXPECT_TRUE(apply_both({.key = "k", .value = "1", .expected = 0}, 9));
  EXPECT_TRUE(apply_both({.key = "k", .value = "2", .expected = 9}, 10));
  EXPECT_EQ(version_of_cut(), 10u);
}

// It was sent while another one erased the record, and that is cut off.
TEST_F(CutControlRecordsTest, WhatCameTooLateRaisesNothingForGood) {
  ASSERT_TRUE(apply({.key = "k", .value = "1"}, 5));
  const auto late = table_.sinking(1, 1'000);
  ASSERT_TRUE(apply({.key = "k"}, 6));
  EXPECT_FALSE(apply_both(late.front(), 7));
  EXPECT_EQ(version_of_cut(), 5u);
  EXPECT_TRUE(apply_both(table_.sinking(1, 1'000).front(), 8));
  EXPECT_EQ(version_of_cut(), 0u);
}

TEST_F(CutControlRecordsTest, CountsWhatIsThereAndSendsWhatSinksInPortions) {
  ASSERT_TRUE(apply({.key = "a", .value = "123"}, 1));
  ASSERT_TRUE(apply({.key = "b", .value = "123"}, 2));
  ASSERT_TRUE(apply({.key = "b", .value = "1234567"}, 3));
  const auto bytes = 2 * kControlMessageBytes + 12;
  EXPECT_EQ(table_.bytes(), bytes);
  EXPECT_EQ(table_.sinking(1, bytes).size(), 2u);
  EXPECT_EQ(table_.sinking(1, bytes - 1).size(), 1u);
  EXPECT_EQ(table_.sinking(1, 1).size(), 1u) << "one always";
  EXPECT_TRUE(table_.sinking(0, bytes).empty());
  ASSERT_TRUE(apply({.key = "b"}, 4));
  EXPECT_EQ(table_.bytes(), bytes / 2 - 2);
}

TEST_F(ControlRecordsTest, ForgetsWhatWasErased) {
  ASSERT_TRUE(apply({.key = "k", .value = "1"}, 5, kLongAgo));
  ASSERT_TRUE(apply({.key = "k"}, 6, kLongAgo));
  EXPECT_EQ(table_.size(), 1u);
  table_.forget_erased(kNow);
  EXPECT_EQ(table_.size(), 0u);
}

}  // namespace
}  // namespace tidings::transport
