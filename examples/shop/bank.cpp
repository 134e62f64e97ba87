#include "bank.hpp"

#include <fmt/format.h>

#include "hash.hpp"

namespace shop {

namespace {
constexpr std::uint64_t kFlakyOneIn = 100;
}

int Bank::failures(std::string_view order_id) const {
  const auto value = hash(seed_, order_id);
  if (value % kFlakyOneIn != 0) return 0;
  return 1 + static_cast<int>(value / kFlakyOneIn % 2);
}

tidings::Result<Bank::Answer> Bank::charge(std::string_view order_id, tidings::Money amount, int attempt) const {
  if (attempt <= failures(order_id))
    return tidings::unavailable(
        fmt::format("the bank was not reached for {} at attempt {}; try again", order_id, attempt));
  if (amount.cents <= 0) return Answer{Refusal{"nothing to charge"}};
  return Answer{Receipt{fmt::format("payment-{}", order_id)}};
}

}  // namespace shop
