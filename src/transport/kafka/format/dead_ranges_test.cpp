#include "transport/kafka/format/dead_ranges.hpp"

#include <gmock/gmock.h>

#include <set>

#include "transport/kafka/client/kafka_limits.hpp"

namespace tidings::kafka {
namespace {

using ::testing::ElementsAre;

constexpr std::int64_t kMany = kRangeLettersMin;

Time buried(std::int64_t offset) {
  return Time{Duration{1'000'000 + offset}};
}
DeadRange range(std::int64_t first, std::int64_t last) {
  return {first, last, buried(last)};
}

// Letters lie at these offsets, of which those of `open` are open; all of it was read but what is in ranges.
DeadLook look(std::int64_t begin, std::int64_t end, const DeadRanges& ranges, const std::set<std::int64_t>& open) {
  DeadLook look{.begin = begin, .ranges = ranges, .read = outside({begin, end - 1}, ranges), .seen = {}};
  for (const OffsetRange& read : look.read) {
    for (std::int64_t i = read.first; i <= read.last; ++i) look.seen.push_back({i, buried(i), open.contains(i)});
  }
  return look;
}

TEST(DeadRangesTest, AreReadBack) {
  const DeadRanges ranges{{1, 500, Time{Duration{0x6553f1000}}}, range(502, 502), range(7'000'000'000, 7'000'000'001)};
  EXPECT_EQ(text_of(DeadRanges{ranges[0]}), "1-500-00000006553f1000");
  EXPECT_EQ(dead_ranges(text_of(ranges)), ranges);
  EXPECT_EQ(dead_ranges(""), DeadRanges{});
}

TEST(DeadRangesTest, AreNoOtherText) {
  for (const char* text : {"x", "1", "1-2", "1-2-", "1-2-x", "2-1-ff", "-1-2-ff", "1-5-ff,7-9-ff", "1-5-ff x",
                           "1-5-ff 5-9-ff", "1 5-ff"}) {
    EXPECT_FALSE(dead_ranges(text)) << text;
  }
}

TEST(DeadRangesTest, LeaveTheRestToBeRead) {
  const DeadRanges ranges{range(3, 5), range(8, 9)};
  EXPECT_THAT(outside({0, 10}, {}), ElementsAre(OffsetRange{0, 10}));
  EXPECT_THAT(outside({0, 10}, ranges), ElementsAre(OffsetRange{0, 2}, OffsetRange{6, 7}, OffsetRange{10, 10}));
  EXPECT_THAT(outside({4, 8}, ranges), ElementsAre(OffsetRange{6, 7}));
  EXPECT_THAT(outside({6, 6}, ranges), ElementsAre(OffsetRange{6, 6}));
  EXPECT_THAT(outside({8, 9}, ranges), ElementsAre());
  EXPECT_THAT(outside({0, -1}, ranges), ElementsAre());
}

TEST(DeadRangesTest, WhatIsLookedAtIsCut) {
  const Offsets offsets{{0, 2}, {6, 7}, {10, 99}};
  EXPECT_THAT(first_of(offsets, 4), ElementsAre(OffsetRange{0, 2}, OffsetRange{6, 6}));
  EXPECT_THAT(first_of(offsets, 5), ElementsAre(OffsetRange{0, 2}, OffsetRange{6, 7}));
  EXPECT_THAT(first_of(offsets, 1'000), ElementsAre(OffsetRange{0, 2}, OffsetRange{6, 7}, OffsetRange{10, 99}));
  Offsets apart;
  for (std::int64_t i = 0; i < 10; ++i) apart.push_back({2 * i, 2 * i});
  EXPECT_THAT(first_of(apart, 1'000), ::testing::SizeIs(kStretchesReadMax));
  EXPECT_THAT(united({{0, 2}, {6, 7}}, {{1, 3}, {8, 9}, {20, 21}}),
              ElementsAre(OffsetRange{0, 3}, OffsetRange{6, 9}, OffsetRange{20, 21}));
}

TEST(DeadRangesTest, GrowWhereItIsLookedAt) {
  constexpr std::int64_t kAll = 1'000'000, kHere = 500'000;
  const OffsetRange front{0, kFloorReadMax - 1};
  const OffsetRange around{kHere - kRangeReadMax / 2, kHere + kRangeReadMax / 2 - 1};
  EXPECT_THAT(offsets_to_look_at({0, kAll}, {}, kHere), ElementsAre(front, around));
  EXPECT_THAT(offsets_to_look_at({0, kAll}, {}, 1), ElementsAre(OffsetRange{0, kRangeReadMax - 1}));
  EXPECT_THAT(offsets_to_look_at({0, kHere}, {}, kHere), ElementsAre(front, OffsetRange{around.first, kHere}));
  DeadRanges many;
  for (std::int64_t i = 1; i < 10; ++i) many.push_back(range(20 * i, 20 * i + 9));
  EXPECT_THAT(offsets_to_look_at({0, kAll}, many, 1),
              ElementsAre(OffsetRange{0, 19}, OffsetRange{30, 39}, OffsetRange{50, 59}, OffsetRange{70, 79},
                          OffsetRange{190, 189 + kFloorReadMax}));
}

TEST(DeadRangesTest, ANewOneHasSoManyLetters) {
  EXPECT_EQ(dealt_with(look(0, kMany, {}, {0})), (DealtWith{.front = {}, .ranges = {}}));
  EXPECT_EQ(dealt_with(look(0, kMany + 1, {}, {0})), (DealtWith{.front = {}, .ranges = {range(1, kMany)}}));
  EXPECT_EQ(dealt_with(look(0, 2 * kMany + 2, {}, {0, kMany + 1})).ranges,
            (DeadRanges{range(1, kMany), range(kMany + 2, 2 * kMany + 1)}));
}

TEST(DeadRangesTest, WhatIsDealtWithAtTheFrontIsTheFloors) {
  EXPECT_EQ(dealt_with(look(5, 8, {}, {7})), (DealtWith{.front = range(5, 6), .ranges = {}}));
  EXPECT_EQ(dealt_with(look(5, 8, {}, {})), (DealtWith{.front = range(5, 7), .ranges = {}}));
  EXPECT_EQ(dealt_with(look(5, 8, {}, {5})), (DealtWith{.front = {}, .ranges = {}}));
}

TEST(DeadRangesTest, GrowAndBecomeOneWhereNothingOpenLiesBetween) {
  const DeadRanges two{range(10, 20), range(30, 40)};
  EXPECT_EQ(dealt_with(look(0, 50, two, {9, 25, 44})).ranges, (DeadRanges{range(10, 24), range(26, 43)}));
  EXPECT_EQ(dealt_with(look(0, 50, two, {9, 44})).ranges, (DeadRanges{range(10, 43)}));
  EXPECT_EQ(dealt_with(look(0, 50, two, {5, 44})).ranges, (DeadRanges{range(6, 43)}));
  EXPECT_EQ(dealt_with(look(0, 50, {range(10, 20), range(21, 40)}, {9, 41})).ranges, (DeadRanges{range(10, 40)}));
}

TEST(DeadRangesTest, BecomeTheFloorsWhenTheOpenOneInFrontIsDealtWith) {
  const DeadRanges two{range(1, 20), range(30, 40)};
  EXPECT_EQ(dealt_with(look(0, 50, two, {25, 44})), (DealtWith{.front = range(0, 24), .ranges = {range(26, 43)}}));
  EXPECT_EQ(dealt_with(look(1, 50, two, {21, 44})).front, range(1, 20));
  EXPECT_EQ(dealt_with(look(0, 50, two, {})), (DealtWith{.front = range(0, 49), .ranges = {}}));
}

// An older version raised the floor and knew nothing of ranges; or what lay before was deleted.
TEST(DeadRangesTest, ThoseBeforeTheBeginAreOver) {
  const DeadRanges two{range(1, 20), range(30, 40)};
  EXPECT_EQ(dealt_with(look(25, 50, two, {25, 44})), (DealtWith{.front = {}, .ranges = {range(26, 43)}}));
  EXPECT_EQ(dealt_with(look(35, 50, two, {41})).front, range(30, 40));
}

// What was not read may be open.
TEST(DeadRangesTest, DoNotReachOverWhatWasNotRead) {
  const DeadRanges two{range(10, 20), range(30, 40)};
  DeadLook some{.begin = 0, .ranges = two, .read = {{0, 8}, {21, 22}, {28, 29}}, .seen = {}};
  for (const std::int64_t i : {0, 1, 8, 21, 22, 28, 29}) some.seen.push_back({i, buried(i), false});
  EXPECT_EQ(dealt_with(some), (DealtWith{.front = range(0, 8), .ranges = {range(10, 22), range(28, 40)}}));
  some.read[0] = {2, 9};
  some.seen.erase(some.seen.begin(), some.seen.begin() + 2);
  EXPECT_EQ(dealt_with(some), (DealtWith{.front = {}, .ranges = {range(8, 22), range(28, 40)}}));
}

// A transaction's mark, what was aborted, and what is no dead letter lies there and is none.
TEST(DeadRangesTest, ReachOverOffsetsWithoutALetter) {
  DeadLook gaps{.begin = 0, .ranges = {range(1, 20)}, .read = {{0, 0}, {21, 30}}, .seen = {}};
  for (const std::int64_t i : {0, 25, 27}) gaps.seen.push_back({i, buried(i), i == 0});
  EXPECT_EQ(dealt_with(gaps).ranges, (DeadRanges{range(1, 27)}));
}

// Those that are known are kept: what they cover has no other state.
TEST(DeadRangesTest, AreAtMostSoManyAndNoneIsForgotten) {
  const auto count = static_cast<std::int64_t>(kDeadRangesMax);
  DeadRanges all;
  std::set<std::int64_t> open{0};
  for (std::int64_t i = 1; i <= count; ++i) {
    all.push_back(range(10 * i + 1, 10 * i + 5));
    open.insert({10 * i, 10 * i + 6});
  }
  const std::int64_t end = 10 * count + 8 + kMany;
  EXPECT_EQ(dealt_with(look(0, end, all, open)).ranges, all) << "no room for one more";
  all.erase(all.begin());
  const auto more = dealt_with(look(0, end, all, open)).ranges;
  ASSERT_EQ(more.size(), kDeadRangesMax);
  EXPECT_EQ(more.back(), range(10 * count + 7, end - 1));
  EXPECT_TRUE(std::equal(all.begin(), all.end(), more.begin()));
}

}  // namespace
}  // namespace tidings::kafka
