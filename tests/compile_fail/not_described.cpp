// expect: has no wire form: write BOOST_DESCRIBE_STRUCT
#include <string>

#include "tidings/service.hpp"

struct Order {
  std::string customer;
};
template <>
inline constexpr tidings::EventInfo tidings::event_info<Order>{.type = "Order", .topic = "orders"};

void declare(tidings::Service& service) {
  service.on<Order>([](const Order&) {});
}
