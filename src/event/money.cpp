#include "tidings/money.hpp"

#include <limits>

#include "event/decimal.hpp"
#include "event/failure.hpp"

namespace tidings {

Result<Money> Money::parse(std::string_view text) {
  const auto decimal = parse_decimal(text, 2);
  using Limits = std::numeric_limits<std::int64_t>;
  if (!decimal || decimal->scaled < Limits::min() || decimal->scaled > Limits::max()) {
    return invalid("expected an amount such as 11.77, found " + shown(text));
  }
  if (!decimal->exact) {
    return invalid("expected an amount in whole cents, found " + shown(text));
  }
  return Money{static_cast<std::int64_t>(decimal->scaled)};
}

std::string Money::text() const {
  const bool negative = cents < 0;
  // Negated without overflow, also for the smallest number.
  const std::uint64_t amount =
      negative ? std::uint64_t{0} - static_cast<std::uint64_t>(cents) : static_cast<std::uint64_t>(cents);
  const auto rest = static_cast<char>(amount % 100);
  std::string text = negative ? "-" : "";
  text += std::to_string(amount / 100);
  text += '.';
  text += static_cast<char>('0' + rest / 10);
  text += static_cast<char>('0' + rest % 10);
  return text;
}

}  // namespace tidings
