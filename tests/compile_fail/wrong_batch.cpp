// expect: tidings: a batch handler takes std::span<const tidings::Received<E>> and returns
#include <boost/describe.hpp>
#include <string>

#include "tidings/service.hpp"

struct Order {
  std::string customer;
};
BOOST_DESCRIBE_STRUCT(Order, (), (customer))
template <>
inline constexpr tidings::EventInfo tidings::event_info<Order>{.type = "Order", .topic = "orders"};

void declare(tidings::Service& service) {
  service.on_batch<Order>([](const Order&) {});
}
