// The orders of the data set (data/README.md).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tidings/money.hpp"
#include "tidings/result.hpp"

namespace shop {

struct Purchase {
  std::string order_id;  // `cdnow-<line of the file>`; the first order stands in line 2, after the names
  std::string date;      // YYYY-MM-DD
  std::string customer_id;
  std::int32_t quantity = 0;
  tidings::Money amount;
};

// Reads the first `limit` orders (all: kAllOrders). invalid: no such file, or a line that is no order, by its number.
inline constexpr std::size_t kAllOrders = SIZE_MAX;
tidings::Result<std::vector<Purchase>> read_orders(const std::string& path, std::size_t limit = kAllOrders);

// One line, without its end.
tidings::Result<Purchase> parse_purchase(std::string_view line, std::size_t line_number);

}  // namespace shop
