// Time as text: RFC 3339 for points, ISO 8601 for durations.
//
// Threads: pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "tidings/names.hpp"
#include "tidings/result.hpp"

#pragma GCC visibility push(default)

namespace tidings {

// A point since 1970-01-01T00:00:00Z, or a length, finer and wider than any std::chrono type that is used here.
// `nanos` is 0..999'999'999, also where `seconds` is negative.
struct Instant {
  std::int64_t seconds = 0;
  std::int32_t nanos = 0;

  friend auto operator<=>(const Instant&, const Instant&) = default;
};

// 0000-01-01T00:00:00Z and 9999-12-31T23:59:59Z: what RFC 3339 can write.
inline constexpr std::int64_t kTimeSecondsMin = -62'167'219'200;
inline constexpr std::int64_t kTimeSecondsMax = 253'402'300'799;

// `2026-01-02T03:04:05.123456Z`: UTC, always six decimals, or nine where nanoseconds are set.
std::string to_text(Time time);
// Between kTimeSecondsMin and kTimeSecondsMax; what lies outside is written as the nearer of them.
void append_time(std::string& to, Instant time);
// `2026-01-02`
void append_date(std::string& to, Instant time);
// `PT1H30M5.25S`, `-PT0.5S`, `PT0S`
void append_duration(std::string& to, Instant length);

// RFC 3339, and what the article's languages write: without zone (UTC), with a space for `T`, a date alone, 1 to 9
// decimals (more are cut off), or a number: seconds with decimals, or milliseconds from 10^11 on. Years 0000 to 9999.
Result<Instant> parse_time(std::string_view text);
// As parse_time, cut to microseconds.
Result<Time> time_of(std::string_view text);
// `P2DT3H4M5.6S`, `P1W`, or a number of seconds. Years and months have no fixed length: invalid.
Result<Instant> parse_duration(std::string_view text);

}  // namespace tidings

#pragma GCC visibility pop
