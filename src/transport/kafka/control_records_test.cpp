#include "transport/kafka/control_records.hpp"

#include <gmock/gmock.h>

namespace tidings::kafka {
namespace {

constexpr Time kNow = Time{std::chrono::hours{1'000}};
constexpr Time kLongAgo = kNow - std::chrono::days{1};

class ControlRecordsTest : public ::testing::Test {
 protected:
  bool apply(ControlMessage message, std::uint64_t version, Time appended = kNow) {
    message.version = version;
    message.appended = appended;
    return table_.apply(message, kNow);
  }
  std::string value() { return table_.get("k", kNow).value_or(transport::ControlRecord{.value = "nothing"}).value; }
  std::uint64_t version() { return table_.get("k", kNow).value_or(transport::ControlRecord{}).version; }

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

TEST_F(ControlRecordsTest, ForgetsWhatWasErased) {
  ASSERT_TRUE(apply({.key = "k", .value = "1"}, 5, kLongAgo));
  ASSERT_TRUE(apply({.key = "k"}, 6, kLongAgo));
  EXPECT_EQ(table_.size(), 1u);
  table_.forget_erased(kNow);
  EXPECT_EQ(table_.size(), 0u);
}

}  // namespace
}  // namespace tidings::kafka
