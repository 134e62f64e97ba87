#include "operate/display.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace tidings::operate {

namespace {

struct CodePoint {
  char32_t value = 0;
  std::size_t length = 1;  // bytes
  bool valid = false;
};

// The continuation bytes' payload; nothing when one is missing.
bool continue_with(std::string_view text, std::size_t count, char32_t& value) {
  if (text.size() <= count) return false;
  for (std::size_t i = 1; i <= count; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xC0u) != 0x80u) return false;
    value = (value << 6u) | (byte & 0x3Fu);
  }
  return true;
}

// The first code point of `text`, which is not empty.
CodePoint first_code_point(std::string_view text) {
  constexpr std::array<char32_t, 4> kLeast{0, 0x80, 0x800, 0x10000};  // shorter forms are not UTF-8
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
  if (lead < 0xC2 || lead > 0xF4) return {};
  char32_t value = lead & (0x3Fu >> more);
  if (!continue_with(text, more, value)) return {};
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < kLeast[more] || value > 0x10FFFF || surrogate) return {};
  return {value, more + 1, true};
}

struct Range {
  char32_t first;
  char32_t last;
};

template <std::size_t N>
bool is_in(const std::array<Range, N>& ranges, char32_t value) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [value](Range range) { return value >= range.first && value <= range.last; });
}

// Characters that a terminal, or the eye, obeys instead of showing them.
bool is_commanding(char32_t value) {
  constexpr std::array kRanges{Range{0x00, 0x1F},     Range{0x7F, 0x9F},      Range{0xAD, 0xAD},
                               Range{0x061C, 0x061C}, Range{0x180E, 0x180E},  Range{0x200B, 0x200F},
                               Range{0x2028, 0x202E}, Range{0x2060, 0x2069},  Range{0xFEFF, 0xFEFF},
                               Range{0xFFF9, 0xFFFB}, Range{0xE0000, 0xE007F}};
  return is_in(kRanges, value);
}

bool takes_no_column(char32_t value) {
  constexpr std::array kRanges{Range{0x0300, 0x036F}, Range{0x0483, 0x0489}, Range{0x0591, 0x05BD},
                               Range{0x0610, 0x061A}, Range{0x064B, 0x065F}, Range{0x1AB0, 0x1AFF},
                               Range{0x1DC0, 0x1DFF}, Range{0x20D0, 0x20FF}, Range{0xFE00, 0xFE0F},
                               Range{0xFE20, 0xFE2F}};
  return is_in(kRanges, value);
}

bool takes_two_columns(char32_t value) {
  constexpr std::array kRanges{Range{0x1100, 0x115F},   Range{0x2E80, 0x303E},  Range{0x3041, 0xA4CF},
                               Range{0xAC00, 0xD7A3},   Range{0xF900, 0xFAFF},  Range{0xFE30, 0xFE6F},
                               Range{0xFF00, 0xFF60},   Range{0xFFE0, 0xFFE6},  Range{0x1F300, 0x1F64F},
                               Range{0x1F900, 0x1F9FF}, Range{0x20000, 0x3FFFD}};
  return is_in(kRanges, value);
}

std::size_t width_of(char32_t value) {
  if (takes_no_column(value)) return 0;
  return takes_two_columns(value) ? 2 : 1;
}

std::string escaped(char32_t value) {
  switch (value) {
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return value < 0x80 ? fmt::format("\\x{:02x}", static_cast<unsigned>(value))
                          : fmt::format("\\u{{{:x}}}", static_cast<unsigned>(value));
  }
}

enum class Lines { one, several };

std::string escaped_text(std::string_view text, Lines lines) {
  std::string shown;
  shown.reserve(text.size());
  while (!text.empty()) {
    const CodePoint next = first_code_point(text);
    const bool layout = lines == Lines::several && (next.value == '\n' || next.value == '\t');
    if (!next.valid) {
      shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(text.front()));
    } else if (is_commanding(next.value) && !layout) {
      shown += escaped(next.value);
    } else {
      shown += text.substr(0, next.length);
    }
    text.remove_prefix(next.length);
  }
  return shown;
}

std::string json_escape(char32_t value) {
  if (value < 0x10000) return fmt::format("\\u{:04x}", static_cast<unsigned>(value));
  const auto rest = static_cast<unsigned>(value) - 0x10000u;
  return fmt::format("\\u{:04x}\\u{:04x}", 0xD800u + (rest >> 10u), 0xDC00u + (rest & 0x3FFu));
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const CodePoint next = first_code_point(text);
    if (!next.valid) return false;
    text.remove_prefix(next.length);
  }
  return true;
}

std::string printable(std::string_view text) {
  return escaped_text(text, Lines::one);
}

std::string printable_lines(std::string_view text) {
  return escaped_text(text, Lines::several);
}

std::string harmless_json(std::string json) {
  const auto needs_a_look = [](char c) { return static_cast<unsigned char>(c) >= 0x7F; };
  if (std::none_of(json.begin(), json.end(), needs_a_look)) return json;
  std::string shown;
  shown.reserve(json.size());
  std::string_view rest = json;
  while (!rest.empty()) {
    const CodePoint next = first_code_point(rest);
    if (next.valid && next.value >= 0x7F && is_commanding(next.value)) {
      shown += json_escape(next.value);
    } else {
      shown += rest.substr(0, next.length);
    }
    rest.remove_prefix(next.length);
  }
  return shown;
}

std::size_t width_of(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const CodePoint next = first_code_point(text);
    columns += width_of(next.value);
    text.remove_prefix(next.length);
  }
  return columns;
}

std::string shortened(std::string_view text, std::size_t columns) {
  if (width_of(text) <= columns) return std::string{text};
  std::size_t taken = 0;
  std::size_t bytes = 0;
  while (bytes < text.size()) {
    const CodePoint next = first_code_point(text.substr(bytes));
    const std::size_t width = width_of(next.value);
    if (taken + width + 1 > columns) break;
    taken += width;
    bytes += next.length;
  }
  return std::string{text.substr(0, bytes)} + "…";
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits{"KiB", "MiB", "GiB", "TiB", "PiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  auto amount = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (amount >= 1023.95 && unit + 1 < kUnits.size()) {
    amount /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", amount, kUnits[unit]);
}

std::string shell_quoted(std::string_view text) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos) return std::string{text};
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string{"'\\''"} : std::string(1, c);
  return quoted + "'";
}

}  // namespace tidings::operate
