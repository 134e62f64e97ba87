#include "event/base64.hpp"

#include <array>
#include <cstdint>

namespace tidings {

namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNone = 64;

constexpr std::array<std::uint8_t, 256> kValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNone);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<std::uint8_t>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}();

// Up to three bytes as four characters.
char* put_group(char* to, std::string_view group) {
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    bits = bits << 8 | (i < group.size() ? static_cast<std::uint8_t>(group[i]) : 0u);
  }
  for (std::size_t i = 0; i < 4; ++i) *to++ = i <= group.size() ? kAlphabet[bits >> (18 - 6 * i) & 63] : '=';
  return to;
}

// Four characters, of which the last `padding` are `=`.
bool read_group(std::string_view group, std::size_t padding, std::string& bytes) {
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const std::uint8_t value = i < 4 - padding ? kValues[static_cast<std::uint8_t>(group[i])] : 0;
    if (value == kNone) return false;
    bits = bits << 6 | value;
  }
  const std::uint32_t unused = padding == 0 ? 0 : padding == 1 ? 0xff : 0xffff;
  if ((bits & unused) != 0) return false;
  for (std::size_t i = 0; i < 3 - padding; ++i) bytes += static_cast<char>(bits >> (16 - 8 * i) & 0xff);
  return true;
}

}  // namespace

char* put_base64(char* to, std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size(); at += 3) to = put_group(to, bytes.substr(at, 3));
  return to;
}

bool read_base64(std::string_view text, std::string& bytes) {
  bytes.clear();
  if (text.size() % 4 != 0) return false;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  bytes.reserve(text.size() / 4 * 3);
  for (std::size_t at = 0; at < text.size(); at += 4) {
    if (!read_group(text.substr(at, 4), at + 4 == text.size() ? padding : 0, bytes)) return false;
  }
  return true;
}

}  // namespace tidings
