#include "event/time_write.hpp"

#include <algorithm>
#include <charconv>

#include "event/decimal.hpp"
#include "tidings/describe.hpp"

namespace tidings {

namespace {

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kNanos = 1'000'000'000;

char* put_padded(char* to, std::uint64_t number, std::size_t width) {
  for (std::size_t i = width; i-- > 0; number /= 10) to[i] = static_cast<char>('0' + number % 10);
  return to + width;
}

char* put_char(char* to, char c) {
  *to = c;
  return to + 1;
}

char* put_number(char* to, std::uint64_t number) {
  return std::to_chars(to, to + 20, number).ptr;
}

char* put_civil_date(char* to, std::int64_t day) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  to = put_padded(to, static_cast<std::uint64_t>(static_cast<int>(date.year())), 4);
  to = put_padded(put_char(to, '-'), static_cast<unsigned>(date.month()), 2);
  return put_padded(put_char(to, '-'), static_cast<unsigned>(date.day()), 2);
}

Instant writable(Instant time) {
  return std::clamp(time, Instant{kTimeSecondsMin, 0}, Instant{kTimeSecondsMax, 999'999'999});
}

std::int64_t day_of(Instant time) {
  return (time.seconds - kTimeSecondsMin) / kDay + kTimeSecondsMin / kDay;
}

template <char* (*Put)(char*, Instant)>
void append(std::string& to, Instant instant) {
  char text[kTimeTextMax];
  to.append(text, static_cast<std::size_t>(Put(text, instant) - text));
}

}  // namespace

char* put_date(char* to, Instant time) {
  return put_civil_date(to, day_of(writable(time)));
}

char* put_time(char* to, Instant time) {
  time = writable(time);
  const std::int64_t day = day_of(time);
  const auto of_day = static_cast<std::uint64_t>(time.seconds - day * kDay);
  to = put_char(put_civil_date(to, day), 'T');
  to = put_char(put_padded(to, of_day / 3600, 2), ':');
  to = put_char(put_padded(to, of_day / 60 % 60, 2), ':');
  to = put_char(put_padded(to, of_day % 60, 2), '.');
  const bool micros_only = time.nanos % 1000 == 0;
  to = micros_only ? put_padded(to, static_cast<std::uint64_t>(time.nanos / 1000), 6)
                   : put_padded(to, static_cast<std::uint64_t>(time.nanos), 9);
  return put_char(to, 'Z');
}

char* put_duration(char* to, Instant length) {
  const Int128 signed_nanos = Int128{length.seconds} * kNanos + length.nanos;
  const Int128 nanos = signed_nanos < 0 ? -signed_nanos : signed_nanos;
  const auto seconds = static_cast<std::uint64_t>(nanos / kNanos);
  auto fraction = static_cast<std::uint64_t>(nanos % kNanos);
  if (signed_nanos < 0) to = put_char(to, '-');
  to = put_char(put_char(to, 'P'), 'T');
  if (seconds >= 3600) to = put_char(put_number(to, seconds / 3600), 'H');
  if (seconds / 60 % 60 != 0) to = put_char(put_number(to, seconds / 60 % 60), 'M');
  if (seconds % 60 == 0 && fraction == 0 && nanos != 0) return to;
  to = put_number(to, seconds % 60);
  if (fraction != 0) {
    std::size_t width = 9;
    for (; fraction % 10 == 0; fraction /= 10) --width;
    to = put_padded(put_char(to, '.'), fraction, width);
  }
  return put_char(to, 'S');
}

void append_time(std::string& to, Instant time) {
  append<put_time>(to, time);
}

void append_date(std::string& to, Instant time) {
  append<put_date>(to, time);
}

void append_duration(std::string& to, Instant length) {
  append<put_duration>(to, length);
}

std::string to_text(Time time) {
  std::string text;
  append_time(text, detail::instant_of(time.time_since_epoch()));
  return text;
}

}  // namespace tidings
