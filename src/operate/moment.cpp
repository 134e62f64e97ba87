#include "operate/moment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "tidings/time_text.hpp"

namespace tidings::operate {

namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kRelativeMax = 1'000'000;  // of any unit: 2,700 years of days

std::optional<Duration> unit_of(std::string_view suffix) {
  if (suffix == "s") return 1s;
  if (suffix == "m") return 1min;
  if (suffix == "h") return 1h;
  if (suffix == "d") return std::chrono::days{1};
  return std::nullopt;
}

// `10m` of `-10m`.
std::optional<Duration> length_of(std::string_view text) {
  std::int64_t count = 0;
  const char* const last = text.data() + text.size();
  const auto [end, fault] = std::from_chars(text.data(), last, count);
  if (fault != std::errc{} || count < 0 || count > kRelativeMax) return std::nullopt;
  const auto unit = unit_of({end, static_cast<std::size_t>(last - end)});
  if (!unit) return std::nullopt;
  return count * *unit;
}

}  // namespace

Result<Time> moment(std::string_view text, Time now) {
  if (text == "now") return now;
  if (text.starts_with('-')) {
    if (const auto length = length_of(text.substr(1))) return now - *length;
  } else if (auto time = time_of(text)) {
    return time;
  }
  return invalid(fmt::format(
      "'{}' is not a time; write `2026-01-02T03:04:05Z`, or how long ago: `-90s`, `-10m`, `-2h`, `-7d`", text));
}

std::string age_text(Duration age) {
  age = std::max(age, Duration{});
  if (age < 1s && age > 0s) return fmt::format("{}ms", age / 1ms);
  const auto days = age / std::chrono::days{1};
  const auto hours = age / 1h % 24;
  const auto minutes = age / 1min % 60;
  const auto seconds = age / 1s % 60;
  if (days > 0) return hours > 0 ? fmt::format("{}d {}h", days, hours) : fmt::format("{}d", days);
  if (hours > 0) return minutes > 0 ? fmt::format("{}h {}m", hours, minutes) : fmt::format("{}h", hours);
  if (minutes > 0) return seconds > 0 ? fmt::format("{}m {}s", minutes, seconds) : fmt::format("{}m", minutes);
  return fmt::format("{}s", seconds);
}

std::string moment_text(Time time) {
  std::string text = to_text(time);  // 2026-01-02T03:04:05.123456Z
  const std::size_t decimals = text.find('.');
  if (decimals != std::string::npos) text = text.substr(0, decimals) + "Z";
  std::replace(text.begin(), text.end(), 'T', ' ');
  return text;
}

}  // namespace tidings::operate
