// Events and contracts for the tests of this room.
#pragma once

#include <string>

#include "tidings/contract.hpp"
#include "tidings/inbox.hpp"

namespace tidings::service {

struct Placed {
  std::string customer;
  int count = 0;
};
BOOST_DESCRIBE_STRUCT(Placed, (), (customer, count))

struct PlacedV3 {
  std::string customer;
  int amount = 0;
};
BOOST_DESCRIBE_STRUCT(PlacedV3, (), (customer, amount))

struct Paid {
  int cents = 0;
};
BOOST_DESCRIBE_STRUCT(Paid, (), (cents))

struct SendEmail {
  std::string to;
};
BOOST_DESCRIBE_STRUCT(SendEmail, (), (to))

// A contract that is no bus.
class OpenContract final : public Contract {};

// An inbox to declare, not to use.
class NoInbox final : public Inbox {
 public:
  Result<std::string> store_id() override { return std::string{"none"}; }
  const InboxLimits& limits() const override { return limits_; }
  Result<std::unique_ptr<InboxTransaction>> begin(Time) override { return unavailable("none"); }
  void confirmed(std::string_view, std::string_view, std::string_view) override {}

 private:
  InboxLimits limits_;
};

}  // namespace tidings::service

template <>
inline constexpr tidings::EventInfo tidings::event_info<tidings::service::Placed>{.type = "OrderPlaced",
                                                                                  .topic = "orders"};
template <>
inline constexpr tidings::EventInfo tidings::event_info<tidings::service::PlacedV3>{
    .type = "ORDER_PLACED", .topic = "orders", .version = 3};
template <>
inline constexpr tidings::EventInfo tidings::event_info<tidings::service::Paid>{.type = "PaymentCompleted",
                                                                                .topic = "payments"};
template <>
inline constexpr tidings::EventInfo tidings::event_info<tidings::service::SendEmail>{.type = "SendEmail",
                                                                                     .destination = "emails"};
