#include "transport/driver/foreign_time.hpp"

#include <gtest/gtest.h>

namespace tidings::transport {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(ForeignTime, IsTheTimeThatItSays) {
  EXPECT_EQ(to_text(foreign_time(seconds{1'700'000'000})), "2023-11-14T22:13:20.000000Z");
  EXPECT_EQ(to_text(foreign_time(milliseconds{-1})), "1969-12-31T23:59:59.999000Z");
}

// A number that is in other units, or none at all, overflows nothing.
TEST(ForeignTime, IsNoFurtherAwayThanTextCanSay) {
  EXPECT_EQ(to_text(foreign_time(milliseconds::max())), "9999-12-31T23:59:59.000000Z");
  EXPECT_EQ(to_text(foreign_time(seconds::max())), "9999-12-31T23:59:59.000000Z");
  EXPECT_EQ(to_text(foreign_time(seconds::min())), "0000-01-01T00:00:00.000000Z");
}

}  // namespace
}  // namespace tidings::transport
