#include "text.hpp"

#include <fmt/format.h>

#include <cstdlib>

namespace shop {

std::string grouped(std::int64_t number) {
  std::string text =
      fmt::format("{}", number < 0 ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number));
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3)
    text.insert(static_cast<std::size_t>(at), ",");
  return number < 0 ? "-" + text : text;
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
