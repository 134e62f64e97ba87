// What blocks of a few statements in the guides leave out: includes, an event with its handler, a database.
#pragma once

#include <boost/describe.hpp>
#include <chrono>
#include <string>
#include <string_view>

#include "tidings/money.hpp"
#include "tidings/outbox.hpp"
#include "tidings/service.hpp"
#include "tidings/sqlite.hpp"

using namespace std::chrono_literals;

struct OrderCreated {
  std::string customer_id;
  tidings::Money total_amount;
};
BOOST_DESCRIBE_STRUCT(OrderCreated, (), (customer_id, total_amount))
template <>
inline constexpr tidings::EventInfo tidings::event_info<OrderCreated>{.type = "OrderCreated", .topic = "orders"};

struct PriceChanged {
  tidings::Money price;
};
BOOST_DESCRIBE_STRUCT(PriceChanged, (), (price))
template <>
inline constexpr tidings::EventInfo tidings::event_info<PriceChanged>{.type = "PriceChanged", .topic = "prices"};

extern tidings::Sqlite database;
extern const OrderCreated order;
extern const std::string id;

inline tidings::Result<void> charge(const OrderCreated&, tidings::Context&) {
  return {};
}
inline tidings::Result<void> store(std::string_view, std::string_view) {
  return {};
}
inline void refresh(const PriceChanged&) {}
