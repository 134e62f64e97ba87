#include "text.hpp"

#include <fmt/format.h>

#include <cstdlib>

namespace shop {

std::string grouped(std::int64_t number) {
  const auto size = static_cast<std::uint64_t>(number);
  const auto digits = fmt::format("{}", number < 0 ? 0 - size : size);
  std::string text{number < 0 ? "-" : ""};
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string dollars(tidings::Money amount) {
  const auto cents = std::abs(amount.cents);
  return fmt::format("{}${}.{:02}", amount.cents < 0 ? "-" : "", grouped(cents / 100), cents % 100);
}

std::string clock_text(tidings::Duration duration) {
  const auto seconds = std::chrono::round<std::chrono::seconds>(duration).count();
  if (seconds >= 3600) return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  return fmt::format("{:02}:{:02}", seconds / 60, seconds % 60);
}

std::string fitted(std::string text, std::size_t width) {
  if (text.size() <= width) return text;
  text.resize(width);
  for (auto at = width - std::min<std::size_t>(width, 2); at < width; ++at) text[at] = '.';
  return text;
}

}  // namespace shop
