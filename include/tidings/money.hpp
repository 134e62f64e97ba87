// An amount of money: whole cents, exact in memory and on the wire.
//
// Threads: values.
// Wire:    a JSON number with two decimals (`11.77`), read from its decimal text, never through a double.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "tidings/result.hpp"

#pragma GCC visibility push(default)

namespace tidings {

struct Money {
  std::int64_t cents = 0;

  // Reads `11.77`, `11.8`, `12`, `-0.05`, `1.177e1`. invalid: not a number, a fraction of a cent, or too large.
  static Result<Money> parse(std::string_view text);
  // `11.77`
  std::string text() const;

  constexpr Money& operator+=(Money other) { return cents += other.cents, *this; }
  constexpr Money& operator-=(Money other) { return cents -= other.cents, *this; }
  friend constexpr Money operator+(Money left, Money right) { return left += right; }
  friend constexpr Money operator-(Money left, Money right) { return left -= right; }
  friend constexpr auto operator<=>(const Money&, const Money&) = default;
};

}  // namespace tidings

#pragma GCC visibility pop
