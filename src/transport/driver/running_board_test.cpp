// P5: what a process was handling is known after its death.
#include "transport/driver/running_board.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/scratch_directory.hpp"

namespace tidings::transport {
namespace {

using Tokens = std::vector<std::uint64_t>;

TEST(RunningBoard, IsReadByOthers) {
  const testing::ScratchDirectory scratch;
  const auto board = *RunningBoard::create(scratch / "board", 4);
  ASSERT_EQ(board->slots().size(), 4u);
  EXPECT_EQ(read_board(scratch / "board"), Tokens{});
  board->slots()[1] = 11;
  board->slots()[3] = 13;
  EXPECT_EQ(read_board(scratch / "board"), (Tokens{11, 13}));
}

TEST(RunningBoard, StaysWhenItsOwnerIsGone) {
  const testing::ScratchDirectory scratch;
  (*RunningBoard::create(scratch / "board", 4))->slots()[0] = 11;
  EXPECT_EQ(read_board(scratch / "board"), Tokens{11});
  remove_board(scratch / "board");
  EXPECT_EQ(read_board(scratch / "board"), Tokens{});
}

TEST(RunningBoard, OfAnotherBootSaysNothing) {
  const testing::ScratchDirectory scratch;
  (*RunningBoard::create(scratch / "board", 4))->slots()[0] = 11;
  std::fstream file{scratch / "board", std::ios::in | std::ios::out | std::ios::binary};
  file.seekp(16);
  file << "another boot";
  file.close();
  EXPECT_EQ(read_board(scratch / "board"), Tokens{});
}

TEST(RunningBoard, ThatIsCutOffSaysNothing) {
  const testing::ScratchDirectory scratch;
  (*RunningBoard::create(scratch / "board", 4))->slots()[0] = 11;
  std::filesystem::resize_file(scratch / "board", 70);
  EXPECT_EQ(read_board(scratch / "board"), Tokens{});
}

TEST(RunningBoard, IsKeptByWhoHasItWhenAnotherTakesItsPlace) {
  const testing::ScratchDirectory scratch;
  (*RunningBoard::create(scratch / "board", 4))->slots()[0] = 11;
  const auto left = RunningBoard::open(scratch / "board");
  const auto ours = *RunningBoard::create(scratch / "board", 4);
  ASSERT_TRUE(left);
  EXPECT_EQ(left->slots()[0], 11u);
  EXPECT_EQ(ours->slots()[0], 0u);
}

}  // namespace
}  // namespace tidings::transport
