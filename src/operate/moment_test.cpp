#include "operate/moment.hpp"

#include <gmock/gmock.h>

namespace tidings::operate {
namespace {

using namespace std::chrono_literals;

constexpr Time kNow = Time{std::chrono::sys_days{std::chrono::year{2026} / 1 / 2}} + 3h + 4min + 5s;

// A37: times as ISO or relative.
TEST(Moment, ReadsIsoTimes) {
  EXPECT_EQ(*moment("2026-01-02T03:04:05Z", {}), kNow);
  EXPECT_EQ(*moment("2026-01-02T04:04:05+01:00", {}), kNow);
  EXPECT_EQ(*moment("2026-01-02", {}), kNow - 3h - 4min - 5s);
}

TEST(Moment, ReadsHowLongAgo) {
  EXPECT_EQ(*moment("-90s", kNow), kNow - 90s);
  EXPECT_EQ(*moment("-10m", kNow), kNow - 10min);
  EXPECT_EQ(*moment("-2h", kNow), kNow - 2h);
  EXPECT_EQ(*moment("-7d", kNow), kNow - 168h);
  EXPECT_EQ(*moment("now", kNow), kNow);
}

TEST(Moment, ReachesSoFarBackAndNoFurther) {
  EXPECT_TRUE(moment("-1000000m", kNow));
  EXPECT_FALSE(moment("-1000001m", kNow));
}

TEST(Moment, RefusesTheRestAndShowsBothForms) {
  for (const char* text : {"", "yesterday", "-10", "-10w", "-m", "10m", "--10m", "-99999999999d", "-1 0m"}) {
    const auto time = moment(text, kNow);
    ASSERT_FALSE(time) << text;
    EXPECT_EQ(time.error().kind, ErrorKind::invalid);
    EXPECT_THAT(time.error().message, ::testing::AllOf(::testing::HasSubstr("2026-"), ::testing::HasSubstr("-10m")));
  }
}

TEST(Moment, WritesAgesInTwoUnits) {
  EXPECT_EQ(age_text(-5s), "0s");
  EXPECT_EQ(age_text(0s), "0s");
  EXPECT_EQ(age_text(450ms), "450ms");
  EXPECT_EQ(age_text(12s + 900ms), "12s");
  EXPECT_EQ(age_text(60s), "1m");
  EXPECT_EQ(age_text(3min + 12s), "3m 12s");
  EXPECT_EQ(age_text(2h + 5min + 59s), "2h 5m");
  EXPECT_EQ(age_text(99h), "4d 3h");
  EXPECT_EQ(age_text(48h + 5min), "2d");
}

TEST(Moment, WritesTimesToTheSecond) {
  EXPECT_EQ(moment_text(kNow + 999ms), "2026-01-02 03:04:05Z");
}

}  // namespace
}  // namespace tidings::operate
