#include <gtest/gtest.h>

#include <tuple>

#include "tidings/time_text.hpp"

namespace tidings {
namespace {

std::string time_text(Instant instant) {
  std::string text;
  append_time(text, instant);
  return text;
}

std::string duration_text(Instant instant) {
  std::string text;
  append_duration(text, instant);
  return text;
}

constexpr std::int64_t kSecond = 1'767'323'045;  // 2026-01-02T03:04:05Z

struct Row {
  const char* text;
  Instant instant;
};

// A10, design section 6: what the article's languages write.
TEST(Time, IsReadFromTextAndNumbers) {
  const Row table[] = {
      {"2026-01-02T03:04:05.123456Z", {kSecond, 123'456'000}},
      {"2026-01-02T03:04:05.123456789Z", {kSecond, 123'456'789}},
      {"2026-01-02T03:04:05.1234567899Z", {kSecond, 123'456'789}},
      {"2026-01-02T03:04:05Z", {kSecond, 0}},
      {"2026-01-02T03:04:05", {kSecond, 0}},
      {"2026-01-02T03:04:05.5", {kSecond, 500'000'000}},
      {"2026-01-02 03:04:05.5+00:00", {kSecond, 500'000'000}},
      {"2026-01-02T05:04:05+02:00", {kSecond, 0}},
      {"2026-01-01T21:34:05-0530", {kSecond, 0}},
      {"2026-01-02T05:04:05+02", {kSecond, 0}},
      {"2026-01-02", {kSecond - 3 * 3600 - 4 * 60 - 5, 0}},
      {"2024-02-29T00:00Z", {1'709'164'800, 0}},
      {"1969-12-31T23:59:59.5Z", {-1, 500'000'000}},
      {"0000-01-01T00:00:00Z", {kTimeSecondsMin, 0}},
      {"9999-12-31T23:59:59.999999Z", {kTimeSecondsMax, 999'999'000}},
      {"1767323045", {kSecond, 0}},
      {"1767323045.123456789", {kSecond, 123'456'789}},
      {"1.767323045123456789E9", {kSecond, 123'456'789}},
      {"1767323045123", {kSecond, 123'000'000}},
      {"-0.5", {-1, 500'000'000}},
      {"0", {0, 0}},
  };
  for (const Row& row : table) {
    const auto time = parse_time(row.text);
    ASSERT_TRUE(time) << row.text << ": " << time.error().message;
    EXPECT_EQ(*time, row.instant) << row.text;
  }
}

TEST(Time, RefusesWhatIsNone) {
  for (const char* text :
       {"", "now", "2026-02-30T00:00:00Z", "2026-13-01", "2026-01-02T24:00:00Z", "2026-01-02T03:60:00Z",
        "2026-01-02T03:04:61Z", "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05ZZ", "2026-01-02T03:04:05 CET",
        "2026-01-02T03:04:05+25:00", "2026-1-2", "1e30", "-99999999999999999999"}) {
    EXPECT_FALSE(parse_time(text)) << text;
  }
}

TEST(Time, IsWrittenAsRfc3339InUtc) {
  EXPECT_EQ(time_text({kSecond, 123'456'000}), "2026-01-02T03:04:05.123456Z");
  EXPECT_EQ(time_text({kSecond, 0}), "2026-01-02T03:04:05.000000Z");
  EXPECT_EQ(time_text({kSecond, 1}), "2026-01-02T03:04:05.000000001Z");
  EXPECT_EQ(time_text({-1, 500'000'000}), "1969-12-31T23:59:59.500000Z");
  EXPECT_EQ(time_text({kTimeSecondsMin, 0}), "0000-01-01T00:00:00.000000Z");
  EXPECT_EQ(time_text({kTimeSecondsMax + 1, 0}), "9999-12-31T23:59:59.999999999Z");
  EXPECT_EQ(to_text(Time{std::chrono::microseconds{-1}}), "1969-12-31T23:59:59.999999Z");
}

TEST(Duration, IsReadFromIso8601AndSeconds) {
  const Row table[] = {{"PT1H30M5.25S", {5405, 250'000'000}},
                       {"P2DT3H4M5.6S", {2 * 86'400 + 3 * 3600 + 4 * 60 + 5, 600'000'000}},
                       {"P1W", {604'800, 0}},
                       {"-PT0.5S", {-1, 500'000'000}},
                       {"PT-0.5S", {-1, 500'000'000}},
                       {"PT-1H-30M", {-5400, 0}},
                       {"PT0S", {0, 0}},
                       {"PT1.5H", {5400, 0}},
                       {"90", {90, 0}},
                       {"1.500000000", {1, 500'000'000}},
                       {"-0.25", {-1, 750'000'000}}};
  for (const Row& row : table) {
    const auto length = parse_duration(row.text);
    ASSERT_TRUE(length) << row.text << ": " << length.error().message;
    EXPECT_EQ(*length, row.instant) << row.text;
  }
}

TEST(Duration, RefusesWhatHasNoFixedLength) {
  for (const char* text : {"", "P", "PT", "-P", "P1Y", "P1M", "PT1S1H", "PT5", "P5S", "5S", "PT1e999S", "PTT1S",
                           "--PT1S", "PT1H30", "P1DT"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Duration, IsWrittenAsIso8601) {
  EXPECT_EQ(duration_text({5405, 250'000'000}), "PT1H30M5.25S");
  EXPECT_EQ(duration_text({360'000, 0}), "PT100H");
  EXPECT_EQ(duration_text({60, 0}), "PT1M");
  EXPECT_EQ(duration_text({0, 0}), "PT0S");
  EXPECT_EQ(duration_text({0, 1}), "PT0.000000001S");
  EXPECT_EQ(duration_text({-1, 500'000'000}), "-PT0.5S");
}

}  // namespace
}  // namespace tidings
