#include "text/retention_text.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "text/duration_text.hpp"

namespace tidings::text {
namespace {

using transport::Retention;
using transport::Unsettled;

constexpr std::string_view kEndless = "endless";

struct Unit {
  std::string_view name;
  std::uint64_t bytes;
};
constexpr std::array<Unit, 5> kUnits{
    {{"TB", 1ull << 40}, {"GB", 1ull << 30}, {"MB", 1ull << 20}, {"KB", 1ull << 10}, {"B", 1}}};

}  // namespace

Result<Duration> retention_age_of(std::string_view text) {
  if (text == kEndless) return Retention::kAgeEndless;
  return duration_of(text);
}

Result<std::uint64_t> retention_size_of(std::string_view text) {
  if (text == kEndless) return Retention::kBytesEndless;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const Unit& known : kUnits) {
    const bool fits = error == std::errc{} && number < Retention::kBytesEndless / known.bytes;
    if (fits && unit == known.name) return number * known.bytes;
  }
  return invalid(
      fmt::format("'{}' is no size; write a whole number and B, KB, MB, GB or TB, as in 1GB, or endless", text));
}

Result<Unsettled> unsettled_of(std::string_view text) {
  if (text == "keep") return Unsettled::keep;
  if (text == "expire") return Unsettled::expire;
  return invalid(fmt::format("'{}' is neither 'keep' nor 'expire'", text));
}

std::string retention_age_text(Duration age) {
  return age == Retention::kAgeEndless ? std::string{kEndless} : duration_text(age);
}

std::string retention_size_text(std::uint64_t bytes) {
  if (bytes == Retention::kBytesEndless) return std::string{kEndless};
  for (const Unit& unit : kUnits) {
    if (bytes != 0 && bytes % unit.bytes == 0) return fmt::format("{}{}", bytes / unit.bytes, unit.name);
  }
  return "0B";
}

std::string unsettled_text(Unsettled unsettled) {
  return unsettled == Unsettled::keep ? "keep" : "expire";
}

}  // namespace tidings::text
