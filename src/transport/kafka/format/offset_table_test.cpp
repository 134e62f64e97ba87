#include "transport/kafka/format/offset_table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace tidings::kafka {
namespace {

using Pairs = std::vector<std::pair<std::int64_t, int>>;

Pairs all_of(const OffsetTable<int>& table) {
  Pairs all;
  table.for_each([&](std::int64_t offset, int value) { all.emplace_back(offset, value); });
  return all;
}

TEST(OffsetTableTest, FindsWhatIsThereThroughGaps) {
  OffsetTable<int> table;
  for (const int offset : {10, 11, 13, 20}) table.add(offset, offset * 2);
  EXPECT_EQ(table.first(), 10);
  EXPECT_EQ(table.at(13), 26);
  EXPECT_EQ(table.find(12), nullptr);
  EXPECT_EQ(table.find(9), nullptr);
  EXPECT_EQ(table.find(21), nullptr);
  EXPECT_EQ(table.take(10), 20);
  EXPECT_EQ(table.find(10), nullptr);
  EXPECT_EQ(table.first(), 11);
}

TEST(OffsetTableTest, TakesBackWhatWent) {
  OffsetTable<int> table;
  for (const int offset : {1, 2, 3, 5}) table.add(offset, offset);
  table.take(1);
  table.take(3);
  table.add(3, 30);
  table.add(1, 10);
  table.add(4, 40);
  EXPECT_EQ(all_of(table), (Pairs{{1, 10}, {2, 2}, {3, 30}, {4, 40}, {5, 5}}));
}

TEST(OffsetTableTest, IsWhatAMapIs) {
  std::mt19937 random{4711};
  OffsetTable<int> table;
  std::map<std::int64_t, int> expected;
  std::int64_t next = 0;
  for (int step = 0; step < 50'000; ++step) {
    if (expected.empty() || random() % 100 < (step / 5'000 % 2 == 0 ? 60u : 40u)) {
      next += 1 + (random() % 10 == 0 ? random() % 5 : 0);
      table.add(next, step);
      expected.emplace(next, step);
    } else {
      // The oldest stays a long time, so that many go from the middle.
      const auto from = expected.size() > 1 && random() % 500 != 0 ? 1 : 0;
      auto at = std::next(expected.begin(), from + static_cast<int>(random() % (expected.size() - from)) / 8);
      ASSERT_EQ(table.take(at->first), at->second);
      if (random() % 20 == 0) {
        table.add(at->first, at->second);
      } else {
        expected.erase(at);
      }
    }
    ASSERT_EQ(table.size(), expected.size());
    ASSERT_TRUE(expected.empty() || table.first() == expected.begin()->first);
    if (step % 100 > 0) continue;
    ASSERT_EQ(all_of(table), Pairs(expected.begin(), expected.end()));
  }
}

}  // namespace
}  // namespace tidings::kafka
