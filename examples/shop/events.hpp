// The events of the shop: what its services tell one another. Names as in the article.
//
// The order's id is the aggregate id and the key of all of them.
#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "tidings/describe.hpp"
#include "tidings/event.hpp"
#include "tidings/money.hpp"

namespace shop {

struct OrderItem {
  std::string product_id;
  std::int32_t quantity = 0;
  double price = 0;  // of one; many totals do not divide in cents, so only the order's total counts
};
BOOST_DESCRIBE_STRUCT(OrderItem, (), (product_id, quantity, price))

struct OrderCreated {
  std::string customer_id;
  std::vector<OrderItem> items;
  tidings::Money total_amount;
};
BOOST_DESCRIBE_STRUCT(OrderCreated, (), (customer_id, items, total_amount))

struct PaymentCompleted {
  std::string payment_id;
  tidings::Money amount;
  std::int32_t quantity = 0;  // of CDs that were paid: carried along, so that the inventory need not ask
};
BOOST_DESCRIBE_STRUCT(PaymentCompleted, (), (payment_id, amount, quantity))

struct PaymentFailed {
  std::string reason;
  tidings::Money amount;
};
BOOST_DESCRIBE_STRUCT(PaymentFailed, (), (reason, amount))

struct InventoryReserved {
  std::string reservation_id;
  std::int32_t quantity = 0;
};
BOOST_DESCRIBE_STRUCT(InventoryReserved, (), (reservation_id, quantity))

// A command: only the notification service reads it.
struct SendEmail {
  std::string recipient;
  std::string subject;
};
BOOST_DESCRIBE_STRUCT(SendEmail, (), (recipient, subject))

struct NotificationSent {
  std::string notification_id;
  std::string channel;
};
BOOST_DESCRIBE_STRUCT(NotificationSent, (), (notification_id, channel))

}  // namespace shop

namespace tidings {

template <>
inline constexpr EventInfo event_info<shop::OrderCreated>{.type = "OrderCreated", .topic = "orders"};
template <>
inline constexpr EventInfo event_info<shop::PaymentCompleted>{.type = "PaymentCompleted", .topic = "payments"};
template <>
inline constexpr EventInfo event_info<shop::PaymentFailed>{.type = "PaymentFailed", .topic = "payments"};
template <>
inline constexpr EventInfo event_info<shop::InventoryReserved>{.type = "InventoryReserved", .topic = "inventory"};
template <>
inline constexpr EventInfo event_info<shop::SendEmail>{.type = "SendEmail", .destination = "emails"};
template <>
inline constexpr EventInfo event_info<shop::NotificationSent>{.type = "NotificationSent", .topic = "notifications"};

// Without these an event is malformed; what is missing elsewhere takes its default.
template <>
inline constexpr FieldInfo field_info<&shop::OrderCreated::customer_id>{.required = true};
template <>
inline constexpr FieldInfo field_info<&shop::OrderCreated::items>{.required = true};
template <>
inline constexpr FieldInfo field_info<&shop::OrderCreated::total_amount>{.required = true};
template <>
inline constexpr FieldInfo field_info<&shop::PaymentCompleted::payment_id>{.required = true};
template <>
inline constexpr FieldInfo field_info<&shop::PaymentCompleted::amount>{.required = true};
template <>
inline constexpr FieldInfo field_info<&shop::PaymentFailed::reason>{.required = true};
template <>
inline constexpr FieldInfo field_info<&shop::InventoryReserved::quantity>{.required = true};
template <>
inline constexpr FieldInfo field_info<&shop::SendEmail::recipient>{.required = true};
template <>
inline constexpr FieldInfo field_info<&shop::NotificationSent::notification_id>{.required = true};

}  // namespace tidings
