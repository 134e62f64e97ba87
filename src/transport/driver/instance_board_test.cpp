// P5: after a death only what was being handled is suspect, where the same instance comes back.
#include "transport/driver/instance_board.hpp"

#include <gtest/gtest.h>

#include "tests/support/scratch_directory.hpp"
#include "transport/driver/delivery_token.hpp"

namespace tidings::transport {
namespace {

using Offsets = std::set<std::int64_t>;

class InstanceBoardTest : public ::testing::Test {
 protected:
  std::unique_ptr<InstanceBoard> life(std::uint64_t id) {
    return InstanceBoard::take_over(scratch / "board", id, 2, 2);
  }

  tidings::testing::ScratchDirectory scratch;
};

TEST_F(InstanceBoardTest, KnowsNothingOfAFirstLife) {
  EXPECT_EQ(life(7)->left_by(7, 1), std::nullopt);
}

TEST_F(InstanceBoardTest, TellsWhatTheLifeBeforeWasHandling) {
  life(7)->running()[1] = token_of(3, 40);
  const auto board = life(9);
  EXPECT_EQ(board->left_by(7, 3), Offsets{40});
  EXPECT_EQ(board->left_by(7, 5), Offsets{}) << "nothing of that partition";
  EXPECT_EQ(board->left_by(8, 3), std::nullopt) << "another life";
  EXPECT_EQ(board->running()[1], 0u);
}

TEST_F(InstanceBoardTest, KeepsSuspectsOverASecondDeath) {
  {
    const auto board = life(7);
    ASSERT_TRUE(board->put_suspects(3, {40, 41}));
    EXPECT_FALSE(board->put_suspects(3, {42})) << "there is no more room";
    board->remove_suspect(3, 40);
  }
  EXPECT_EQ(life(9)->left_by(7, 3), Offsets{41});
}

TEST_F(InstanceBoardTest, ForgetsAPartitionThatWentElsewhere) {
  {
    const auto board = life(7);
    ASSERT_TRUE(board->put_suspects(3, {40}));
    ASSERT_TRUE(board->put_suspects(5, {50}));
    board->remove_slot(3);
  }
  EXPECT_EQ(life(9)->left_by(7, 3), Offsets{});
}

TEST_F(InstanceBoardTest, TellsAnotherInstanceWhatADeadOneWasHandling) {
  life(7)->running()[1] = token_of(3, 40);
  EXPECT_EQ(left_on_board(scratch / "board", 7, 3), Offsets{40});
  EXPECT_EQ(left_on_board(scratch / "board", 8, 3), std::nullopt) << "another life";
  EXPECT_EQ(left_on_board(scratch / "none", 7, 3), std::nullopt);
}

TEST_F(InstanceBoardTest, IsGoneAfterACleanEnd) {
  life(7)->remove();
  EXPECT_EQ(life(9)->left_by(7, 3), std::nullopt);
}

// Two processes of one name, by mistake.
TEST_F(InstanceBoardTest, ACleanEndLeavesWhatAnotherLifeMadeMeanwhile) {
  const auto first = life(7);
  const auto second = life(9);
  second->running()[0] = token_of(3, 40);
  first->remove();
  EXPECT_EQ(life(11)->left_by(9, 3), Offsets{40});
}

TEST_F(InstanceBoardTest, IsNamedAfterClusterGroupAndInstance) {
  const std::string path = board_path("127.0.0.1:9092", "shop/a", "shop-1");
  EXPECT_EQ(path, board_path("127.0.0.1:9092", "shop/a", "shop-1"));
  EXPECT_NE(path, board_path("127.0.0.1:9093", "shop/a", "shop-1"));
  EXPECT_NE(path, board_path("127.0.0.1:9092", "shop/a", "shop-2"));
  EXPECT_TRUE(path.ends_with(".board"));
}

}  // namespace
}  // namespace tidings::transport
