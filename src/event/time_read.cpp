#include <algorithm>
#include <optional>

#include "event/decimal.hpp"
#include "event/failure.hpp"
#include "tidings/time_text.hpp"

namespace tidings {

namespace {

using std::chrono::sys_days;

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kNanos = 1'000'000'000;
// From here on a number counts milliseconds: as seconds it would be the year 5138, as milliseconds it is 1973.
constexpr std::int64_t kMillisecondsFrom = 100'000'000'000;

Error bad_time(std::string_view text) {
  return invalid("expected a time such as 2026-01-02T03:04:05Z, found " + shown(text));
}

Error bad_duration(std::string_view text) {
  return invalid("expected a duration such as PT1H30M5.25S, found " + shown(text));
}

std::optional<Instant> from_nanos(Int128 nanos) {
  Int128 seconds = nanos / kNanos;
  Int128 rest = nanos % kNanos;
  if (rest < 0) rest += kNanos, --seconds;
  if (seconds < INT64_MIN || seconds > INT64_MAX) return std::nullopt;
  return Instant{static_cast<std::int64_t>(seconds), static_cast<std::int32_t>(rest)};
}

// ---- reading

// A text that is eaten from the front.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_{text} {}

  bool done() const { return rest_.empty(); }

  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // Exactly `width` digits; -1: there are fewer.
  int number(std::size_t width) {
    if (rest_.size() < width) return -1;
    int value = 0;
    for (std::size_t i = 0; i < width; ++i) {
      if (!is_digit(rest_[i])) return -1;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(width);
    return value;
  }

  // The decimals behind a point, as nanoseconds; more than nine are cut off. -1: there is none.
  std::int32_t nanos() {
    std::int32_t value = 0;
    std::size_t count = 0;
    for (; count < rest_.size() && is_digit(rest_[count]); ++count) {
      if (count < 9) value = value * 10 + (rest_[count] - '0');
    }
    for (std::size_t i = count; i < 9; ++i) value *= 10;
    rest_.remove_prefix(count);
    return count == 0 ? -1 : value;
  }

  // Digits, sign and point up to the next letter.
  std::string_view until_letter() {
    const auto end = std::find_if(rest_.begin(), rest_.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    const std::string_view taken = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(taken.size());
    return taken;
  }

  char letter() {
    if (rest_.empty()) return 0;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  std::string_view rest_;
};

// `2026-01-02`, as seconds.
std::optional<std::int64_t> scan_date(Scanner& scanner) {
  const int year = scanner.number(4);
  if (year < 0 || !scanner.take('-')) return std::nullopt;
  const int month = scanner.number(2);
  if (month < 0 || !scanner.take('-')) return std::nullopt;
  const int day = scanner.number(2);
  if (day < 0) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  return std::int64_t{sys_days{date}.time_since_epoch().count()} * kDay;
}

// `03:04`, `03:04:05`, `03:04:05.678`. A leap second counts as the first of the next minute.
std::optional<Instant> scan_clock(Scanner& scanner) {
  const int hours = scanner.number(2);
  if (hours < 0 || hours > 23 || !scanner.take(':')) return std::nullopt;
  const int minutes = scanner.number(2);
  if (minutes < 0 || minutes > 59) return std::nullopt;
  Instant clock{hours * 3600 + minutes * 60, 0};
  if (!scanner.take(':')) return clock;
  const int seconds = scanner.number(2);
  if (seconds < 0 || seconds > 60) return std::nullopt;
  clock.seconds += seconds;
  if (!scanner.take('.') && !scanner.take(',')) return clock;
  clock.nanos = scanner.nanos();
  if (clock.nanos < 0) return std::nullopt;
  return clock;
}

// `Z`, `+02:00`, `-0530`, `+02`, or nothing (UTC), as seconds east.
std::optional<std::int64_t> scan_zone(Scanner& scanner) {
  if (scanner.done() || scanner.take('Z') || scanner.take('z')) return 0;
  const bool west = scanner.take('-');
  if (!west && !scanner.take('+')) return std::nullopt;
  const int hours = scanner.number(2);
  if (hours < 0 || hours > 23) return std::nullopt;
  int minutes = 0;
  if (!scanner.done()) {
    scanner.take(':');
    minutes = scanner.number(2);
    if (minutes < 0 || minutes > 59) return std::nullopt;
  }
  const std::int64_t offset = hours * 3600 + minutes * 60;
  return west ? -offset : offset;
}

std::optional<Instant> scan_time(std::string_view text) {
  Scanner scanner{text};
  const auto date = scan_date(scanner);
  if (!date) return std::nullopt;
  if (scanner.done()) return Instant{*date, 0};
  if (!scanner.take('T') && !scanner.take('t') && !scanner.take(' ')) return std::nullopt;
  const auto clock = scan_clock(scanner);
  if (!clock) return std::nullopt;
  const auto zone = scan_zone(scanner);
  if (!zone || !scanner.done()) return std::nullopt;
  return Instant{*date + clock->seconds - *zone, clock->nanos};
}

std::optional<Instant> number_as_time(std::string_view text) {
  const auto seconds = parse_decimal(text, 9);
  if (!seconds) return std::nullopt;
  const Int128 magnitude = seconds->scaled < 0 ? -seconds->scaled : seconds->scaled;
  if (magnitude < Int128{kMillisecondsFrom} * kNanos) return from_nanos(seconds->scaled);
  const auto milliseconds = parse_decimal(text, 6);
  return from_nanos(milliseconds->scaled);
}

// The lengths of the designators, date part and time part, in the order in which they may come.
struct Designator {
  char letter;
  bool of_time;
  std::int64_t seconds;
};
constexpr Designator kDesignators[] = {
    {'W', false, 7 * kDay}, {'D', false, kDay}, {'H', true, 3600}, {'M', true, 60}, {'S', true, 1}};

std::optional<Int128> scan_duration(Scanner& scanner) {
  Int128 nanos = 0;
  bool of_time = false;
  bool any = false;
  const Designator* next = kDesignators;
  while (!scanner.done()) {
    if (!of_time && scanner.take('T')) of_time = true;
    const auto number = parse_decimal(scanner.until_letter(), 9);
    const char letter = scanner.letter();
    next = std::find_if(next, std::end(kDesignators),
                        [&](const Designator& d) { return d.letter == letter && d.of_time == of_time; });
    if (!number || next == std::end(kDesignators)) return std::nullopt;
    Int128 part = 0;
    if (__builtin_mul_overflow(number->scaled, Int128{next->seconds}, &part)) return std::nullopt;
    if (__builtin_add_overflow(nanos, part, &nanos)) return std::nullopt;
    ++next;
    any = true;
  }
  if (!any) return std::nullopt;
  return nanos;
}

}  // namespace

Result<Instant> parse_time(std::string_view text) {
  const bool is_text = text.size() > 4 && text[4] == '-';
  const auto time = is_text ? scan_time(text) : number_as_time(text);
  if (!time || time->seconds < kTimeSecondsMin || time->seconds > kTimeSecondsMax) return bad_time(text);
  return *time;
}

Result<Time> time_of(std::string_view text) {
  const auto instant = parse_time(text);
  if (!instant) return instant.error();
  return Time{std::chrono::seconds{instant->seconds}} + Duration{instant->nanos / 1000};
}

Result<Instant> parse_duration(std::string_view text) {
  Scanner scanner{text};
  const bool negative = text.starts_with("-P") && scanner.take('-');
  std::optional<Int128> nanos;
  if (scanner.take('P')) {
    nanos = scan_duration(scanner);
  } else if (const auto seconds = parse_decimal(text, 9)) {
    nanos = seconds->scaled;
  }
  if (!nanos) return bad_duration(text);
  const auto length = from_nanos(negative ? -*nanos : *nanos);
  if (!length) return bad_duration(text);
  return *length;
}

}  // namespace tidings
