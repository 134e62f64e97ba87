#include "text/duration_text.hpp"

#include <gtest/gtest.h>

namespace tidings::text {
namespace {

using namespace std::chrono_literals;

TEST(DurationText, GoesBothWays) {
  for (const std::string_view text : {"0s", "500ms", "20s", "90s", "2m", "3h", "7d", "15us"})
    EXPECT_EQ(duration_text(*duration_of(text)), text);
  EXPECT_EQ(*duration_of("1.5s"), 1500ms);
  EXPECT_TRUE(duration_of("10000d"));
  for (const std::string_view bad : {"", "s", "20", "20 s", "-1s", "1e9d", "nan", "infs", "1y", "10001d"})
    EXPECT_FALSE(duration_of(bad)) << bad;
}

}  // namespace
}  // namespace tidings::text
