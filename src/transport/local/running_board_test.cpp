// P5: what a process was handling is known after its death.
#include "transport/local/running_board.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/scratch_directory.hpp"

namespace tidings::local {
namespace {

using Tokens = std::vector<std::uint64_t>;

TEST(RunningBoard, IsReadByOthers) {
  const testing::ScratchDirectory scratch;
  const auto board = *RunningBoard::create(scratch.path(), 7, 4);
  ASSERT_EQ(board->slots().size(), 4u);
  EXPECT_EQ(read_board(scratch.path(), 7), Tokens{});
  board->slots()[1] = 11;
  board->slots()[3] = 13;
  EXPECT_EQ(read_board(scratch.path(), 7), (Tokens{11, 13}));
}

TEST(RunningBoard, StaysWhenItsOwnerIsGone) {
  const testing::ScratchDirectory scratch;
  (*RunningBoard::create(scratch.path(), 7, 4))->slots()[0] = 11;
  EXPECT_EQ(read_board(scratch.path(), 7), Tokens{11});
  remove_board(scratch.path(), 7);
  EXPECT_EQ(read_board(scratch.path(), 7), Tokens{});
}

TEST(RunningBoard, OfAnotherBootSaysNothing) {
  const testing::ScratchDirectory scratch;
  (*RunningBoard::create(scratch.path(), 7, 4))->slots()[0] = 11;
  std::fstream file{scratch / "board-7", std::ios::in | std::ios::out | std::ios::binary};
  file.seekp(16);
  file << "another boot";
  file.close();
  EXPECT_EQ(read_board(scratch.path(), 7), Tokens{});
}

TEST(RunningBoard, ThatIsCutOffSaysNothing) {
  const testing::ScratchDirectory scratch;
  (*RunningBoard::create(scratch.path(), 7, 4))->slots()[0] = 11;
  std::filesystem::resize_file(scratch / "board-7", 70);
  EXPECT_EQ(read_board(scratch.path(), 7), Tokens{});
}

}  // namespace
}  // namespace tidings::local
