#include "event/decimal.hpp"

#include <algorithm>

namespace tidings {

namespace {

// Beyond it every number that is not zero is too large, or cut to zero.
constexpr int kExponentMax = 10'000;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::size_t count_digits(std::string_view text) {
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
}

struct Parts {
  bool negative = false;
  std::string_view whole;
  std::string_view fraction;
  int exponent = 0;
};

std::optional<int> parse_exponent(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || count_digits(text) != text.size()) return std::nullopt;
  int exponent = 0;
  for (const char c : text) exponent = std::min(exponent * 10 + (c - '0'), kExponentMax);
  return negative ? -exponent : exponent;
}

std::optional<Parts> split(std::string_view text) {
  Parts parts;
  parts.negative = text.starts_with('-');
  if (parts.negative) text.remove_prefix(1);
  parts.whole = text.substr(0, count_digits(text));
  if (parts.whole.empty()) return std::nullopt;
  text.remove_prefix(parts.whole.size());
  if (text.starts_with('.')) {
    parts.fraction = text.substr(1, count_digits(text.substr(1)));
    if (parts.fraction.empty()) return std::nullopt;
    text.remove_prefix(1 + parts.fraction.size());
  }
  if (text.empty()) return parts;
  if (text.front() != 'e' && text.front() != 'E') return std::nullopt;
  const auto exponent = parse_exponent(text.substr(1));
  if (!exponent) return std::nullopt;
  parts.exponent = *exponent;
  return parts;
}

// Appends one digit to a number; false: it does not fit.
bool append_digit(Int128& number, int digit) {
  return !__builtin_mul_overflow(number, Int128{10}, &number) &&
         !__builtin_add_overflow(number, Int128{digit}, &number);
}

}  // namespace

std::optional<Decimal> parse_decimal(std::string_view text, int decimals) {
  const auto parts = split(text);
  if (!parts) return std::nullopt;
  Decimal result;
  // The place of the next digit, in powers of ten of the scaled unit: what lies below 0 is cut.
  long place = static_cast<long>(parts->whole.size()) - 1 + parts->exponent + decimals;
  for (const std::string_view digits : {parts->whole, parts->fraction}) {
    for (const char c : digits) {
      if (place-- < 0) {
        result.exact = result.exact && c == '0';
      } else if (!append_digit(result.scaled, c - '0')) {
        return std::nullopt;
      }
    }
  }
  for (; place >= 0 && result.scaled != 0; --place) {
    if (!append_digit(result.scaled, 0)) return std::nullopt;
  }
  if (parts->negative) result.scaled = -result.scaled;
  return result;
}

}  // namespace tidings
