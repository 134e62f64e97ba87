#include "text/nearest_name.hpp"

#include <gtest/gtest.h>

namespace tidings::text {
namespace {

TEST(NearestName, CountsEditsAndSwaps) {
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("transport", "tranport"), 1u);
  EXPECT_EQ(edit_distance("trasnport", "transport"), 1u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(NearestName, IsNoneWhenNothingIsNear) {
  const std::vector<std::string> names{"transport", "admin", "log_level"};
  EXPECT_EQ(nearest_name("log-levle", names), "log_level");
  EXPECT_EQ(nearest_name("colour", names), "");
  EXPECT_EQ(nearest_name(std::string(1'000'000, 'a'), names), "");
}

}  // namespace
}  // namespace tidings::text
