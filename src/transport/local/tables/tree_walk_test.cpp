// P9: a walk over a whole tree holds no state of the store for long.
#include "transport/local/tables/tree_walk.hpp"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/scratch_directory.hpp"

namespace tidings::local {
namespace {

class TreeWalkTest : public ::testing::Test {
 protected:
  TreeWalkTest() : environment_{*Environment::open(scratch_.path(), 64u << 20, Sync::none)} {
    EXPECT_TRUE(environment_->create_trees());
  }

  static std::string key(std::uint64_t number) { return std::string{Bytes{TreeKey{}.u64(number)}}; }
  void put(std::uint64_t first, std::uint64_t count) {
    WriteTransaction transaction{*environment_};
    for (std::uint64_t i = first; i < first + count; ++i) transaction.put(Tree::control, key(i), "x");
    ASSERT_TRUE(transaction.commit());
  }
  void erase(std::uint64_t number) {
    WriteTransaction transaction{*environment_};
    transaction.erase(Tree::control, key(number));
    ASSERT_TRUE(transaction.commit());
  }
  // Walks while every visit is followed by a commit of somebody else.
  template <class Change>
  std::vector<std::uint64_t> walk(const Change& change) {
    std::vector<std::uint64_t> seen;
    EXPECT_TRUE(walk_tree(*environment_, Tree::control, "", [&](Transaction& transaction, Bytes key, Bytes) {
      states_.insert(transaction.state());
      seen.push_back(KeyReader{key}.u64());
      change(seen.back());
      return true;
    }));
    return seen;
  }

  testing::ScratchDirectory scratch_;
  std::unique_ptr<Environment> environment_;
  std::set<std::uint64_t> states_;
};

TEST_F(TreeWalkTest, GoesOnWithTheNewestStateAfterSoManyEntries) {
  constexpr std::uint64_t kCount = 2 * kWalkRecordsMax + 10;
  put(1, kCount);
  const auto seen = walk([&](std::uint64_t number) {
    if (number % 1'000 == 1) put(1, 1);
  });
  EXPECT_EQ(seen.size(), kCount);
  EXPECT_EQ(std::set<std::uint64_t>(seen.begin(), seen.end()).size(), kCount) << "each once";
  EXPECT_EQ(states_.size(), 3u);
}

// The file does not grow by what is written meanwhile.
TEST_F(TreeWalkTest, LetsFreedPagesBeReused) {
  put(1, 20 * kWalkRecordsMax);
  for (int i = 0; i < 4; ++i) put(1, 1);
  const std::uint64_t before = environment_->pages_high();
  std::uint64_t written = 0;
  walk([&](std::uint64_t number) {
    if (number % 64 != 0) return;
    put(1, 1);  // frees as many pages as it takes
    ++written;
  });
  EXPECT_GT(written, 1'000u);
  EXPECT_LT(environment_->pages_high() - before, written);
}

TEST_F(TreeWalkTest, GoesOnWhereItsLastEntryIsGone) {
  put(1, kWalkRecordsMax + 3);
  const auto seen = walk([&](std::uint64_t number) {
    if (number == kWalkRecordsMax) erase(number);
  });
  EXPECT_EQ(seen.size(), kWalkRecordsMax + 3);
  EXPECT_EQ(seen.back(), kWalkRecordsMax + 3);
}

TEST_F(TreeWalkTest, EndsWhereItIsToldTo) {
  put(1, 10);
  int visits = 0;
  EXPECT_TRUE(
      walk_tree(*environment_, Tree::control, key(4), [&](Transaction&, Bytes, Bytes) { return ++visits < 3; }));
  EXPECT_EQ(visits, 3);
}

}  // namespace
}  // namespace tidings::local
