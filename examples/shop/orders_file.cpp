#include "orders_file.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <fstream>

namespace shop {

using tidings::Result;

namespace {

constexpr std::string_view kNames = "date,customer_id,quantity,amount";
constexpr std::size_t kFields = 4;
constexpr std::int32_t kQuantityMax = 1'000;

bool split(std::string_view line, std::array<std::string_view, kFields>& fields) {
  for (std::size_t i = 0; i < kFields; ++i) {
    const auto comma = line.find(',');
    if ((comma == line.npos) != (i + 1 == kFields)) return false;
    fields[i] = line.substr(0, comma);
    line.remove_prefix(comma == line.npos ? line.size() : comma + 1);
  }
  return true;
}

}  // namespace

Result<Purchase> parse_purchase(std::string_view line, std::size_t line_number) {
  std::array<std::string_view, kFields> fields;
  if (!split(line, fields))
    return tidings::invalid(fmt::format("line {}: expected {}, found `{}`", line_number, kNames, line));
  const auto [date, customer, quantity_text, amount_text] = fields;

  std::int32_t quantity = 0;
  const auto [end, error] = std::from_chars(quantity_text.begin(), quantity_text.end(), quantity);
  if (error != std::errc{} || end != quantity_text.end() || quantity < 1 || quantity > kQuantityMax)
    return tidings::invalid(
        fmt::format("line {}: the quantity must be 1..{}, found `{}`", line_number, kQuantityMax, quantity_text));

  auto amount = tidings::Money::parse(amount_text);
  if (!amount || amount->cents < 0)
    return tidings::invalid(
        fmt::format("line {}: the amount must be dollars and cents, found `{}`", line_number, amount_text));

  return Purchase{.order_id = fmt::format("cdnow-{}", line_number),
                  .date = std::string{date},
                  .customer_id = std::string{customer},
                  .quantity = quantity,
                  .amount = *amount};
}

Result<std::vector<Purchase>> read_orders(const std::string& path, std::size_t limit) {
  std::ifstream file{path};
  std::string line;
  if (!std::getline(file, line) || line != kNames)
    return tidings::invalid(fmt::format("{}: no file of orders; its first line must be `{}`", path, kNames));

  std::vector<Purchase> purchases;
  for (std::size_t number = 2; purchases.size() < limit && std::getline(file, line); ++number) {
    auto purchase = parse_purchase(line, number);
    if (!purchase) return tidings::invalid(path + ", " + purchase.error().message);
    purchases.push_back(std::move(*purchase));
  }
  return purchases;
}

}  // namespace shop
