// A bank as shops know it: mostly there, sometimes not, and it does not charge nothing.
//
// A pure function of seed, order and attempt, so that the books know how often it must have failed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "tidings/money.hpp"
#include "tidings/result.hpp"

namespace shop {

class Bank final {
 public:
  struct Receipt {
    std::string payment_id;
  };
  struct Refusal {  // final: a repetition cannot help
    std::string reason;
  };
  using Answer = std::variant<Receipt, Refusal>;

  explicit Bank(std::uint64_t seed) : seed_{seed} {}

  // unavailable: not reached; try again.
  tidings::Result<Answer> charge(std::string_view order_id, tidings::Money amount, int attempt) const;

  // How often it is not reached for this order before it answers: 0 for 99 of 100 orders, else 1 or 2.
  int failures(std::string_view order_id) const;

 private:
  std::uint64_t seed_;
};

}  // namespace shop
