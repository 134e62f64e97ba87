// The beginning of a text, cut between two characters.
//
// Threads: pure function.
#pragma once

#include <cstddef>
#include <string_view>

namespace tidings {

// At most so many bytes of it; of UTF-8, whole characters.
constexpr std::string_view whole_characters(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  const auto is_inside = [&](std::size_t at) { return (static_cast<unsigned char>(text[at]) & 0xC0u) == 0x80u; };
  std::size_t end = bytes_max;
  while (end > 0 && is_inside(end)) --end;
  return text.substr(0, end);
}

}  // namespace tidings
