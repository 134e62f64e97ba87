// The article's order, which the benches publish, code and handle.
#pragma once

#include <boost/describe.hpp>
#include <string>
#include <vector>

#include "tidings/event.hpp"
#include "tidings/money.hpp"

namespace tidings::bench {

struct OrderItem {
  std::string product_id;
  int quantity = 0;
  double price = 0;
};
BOOST_DESCRIBE_STRUCT(OrderItem, (), (product_id, quantity, price))

struct OrderCreated {
  std::string customer_id;
  std::vector<OrderItem> items;
  Money total_amount;
};
BOOST_DESCRIBE_STRUCT(OrderCreated, (), (customer_id, items, total_amount))

inline OrderCreated sample_order() {
  return {.customer_id = "customer-456",
          .items = {{"cd-1997-04711", 1, 11.77}, {"cd-1997-00042", 2, 14.96}},
          .total_amount = {4169}};
}

}  // namespace tidings::bench

template <>
inline constexpr tidings::EventInfo tidings::event_info<tidings::bench::OrderCreated>{.type = "OrderCreated",
                                                                                      .topic = "orders"};
