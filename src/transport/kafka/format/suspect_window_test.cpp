#include "transport/kafka/format/suspect_window.hpp"

#include <gtest/gtest.h>

namespace tidings::kafka {
namespace {

TEST(SuspectWindowTest, GrowsWhileItIsWaitedForUpToItsMost) {
  SuspectWindow window{1'000};
  EXPECT_EQ(window.records(), SuspectWindow::kFirst);
  for (const std::uint32_t expected : {512u, 1'000u, 1'000u}) {
    window.waits();
    window.next_commit(0);
    EXPECT_EQ(window.records(), expected);
  }
  window.next_commit(250);
  EXPECT_EQ(window.records(), 1'000u) << "nobody waited, and it was needed";
}

TEST(SuspectWindowTest, ShrinksWhereLessIsEnough) {
  SuspectWindow window{8'192};
  for (const std::uint32_t expected : {128u, 64u, 64u}) {
    window.next_commit(10);
    EXPECT_EQ(window.records(), expected);
  }
  SuspectWindow small{16};
  small.next_commit(0);
  EXPECT_EQ(small.records(), 16u);
}

}  // namespace
}  // namespace tidings::kafka
