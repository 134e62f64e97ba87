#include "text/duration_text.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace tidings::text {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t micros;
};
constexpr std::array<Unit, 6> kUnits{
    {{"d", 86'400'000'000}, {"h", 3'600'000'000}, {"m", 60'000'000}, {"s", 1'000'000}, {"ms", 1'000}, {"us", 1}}};
constexpr double kMicrosMax = 10'000.0 * 86'400e6;

}  // namespace

Result<Duration> duration_of(std::string_view text) {
  const auto fault = [&](std::string_view why) {
    return invalid(
        fmt::format("'{}' is no duration: {}; write a number and us, ms, s, m, h or d, as in 20s", text, why));
  };
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc{}) return fault("it begins with no number");
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const Unit& known : kUnits) {
    if (known.name != unit) continue;
    const double micros = std::round(number * static_cast<double>(known.micros));
    if (!(micros >= 0 && micros <= kMicrosMax)) return fault("it is outside of 0 to 10000d");
    return Duration{static_cast<std::int64_t>(micros)};
  }
  return fault(unit.empty() ? "it has no unit" : "its unit is unknown");
}

std::string duration_text(Duration duration) {
  for (const Unit& unit : kUnits) {
    if (duration.count() != 0 && duration.count() % unit.micros == 0)
      return fmt::format("{}{}", duration.count() / unit.micros, unit.name);
  }
  return "0s";
}

}  // namespace tidings::text
