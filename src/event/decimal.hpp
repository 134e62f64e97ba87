// Decimal text to scaled integers, exactly. A double would not do: 1.005 * 100 is not 100.5.
#pragma once

#include <optional>
#include <string_view>

namespace tidings {

__extension__ using Int128 = __int128;

struct Decimal {
  Int128 scaled = 0;  // the number times 10^decimals, cut towards zero
  bool exact = true;  // nothing was cut
};

// Reads a JSON number (`-12.5`, `1.25e3`). None: it is not a number, or it does not fit.
std::optional<Decimal> parse_decimal(std::string_view text, int decimals);

}  // namespace tidings
