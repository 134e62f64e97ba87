#include "testing/finding_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tidings/testing/fault_report.hpp"

namespace tidings::testing {

std::string cut_text(std::string_view text) {
  constexpr std::size_t kTailRoom = 40;  // of what is missing
  if (text.size() <= kFindingTextMax) return std::string{text};
  std::size_t end = kFindingTextMax - kTailRoom;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0u) == 0x80u) --end;  // not inside a character
  return fmt::format("{}... ({} bytes more)", text.substr(0, end), text.size() - end);
}

std::pair<std::string, std::string> difference(std::string_view first, std::string_view second) {
  const auto [one, other] = std::ranges::mismatch(first, second);
  const auto same = static_cast<std::size_t>(one - first.begin());
  const auto line = first.substr(0, same).rfind('\n');
  const std::size_t from = line == std::string_view::npos ? 0 : line + 1;
  return {cut_text(first.substr(from)), cut_text(second.substr(from))};
}

}  // namespace tidings::testing
