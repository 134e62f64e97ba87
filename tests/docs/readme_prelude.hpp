// What the README's sample leaves out: includes, a bank, and the event that it publishes.
#pragma once

#include <boost/describe.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "tidings/money.hpp"
#include "tidings/service.hpp"

using namespace std::chrono_literals;

struct PaymentCompleted {
  std::string payment_id;
  tidings::Money amount;
};
BOOST_DESCRIBE_STRUCT(PaymentCompleted, (), (payment_id, amount))
template <>
inline constexpr tidings::EventInfo tidings::event_info<PaymentCompleted>{.type = "PaymentCompleted",
                                                                          .topic = "payments"};

struct Receipt {
  std::string id;
};

struct Bank {
  tidings::Result<Receipt> charge(const std::string& idempotency_key, const std::string&, tidings::Money) {
    return Receipt{"receipt-" + idempotency_key};
  }
};

inline Bank bank;
