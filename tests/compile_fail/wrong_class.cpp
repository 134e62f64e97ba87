// expect: tidings: a handler takes (const E&) or (const E&, tidings::Context&) and returns tidings::Result<void> or
// void
#include <boost/describe.hpp>
#include <string>

#include "tidings/service.hpp"

struct Order {
  std::string customer;
};
BOOST_DESCRIBE_STRUCT(Order, (), (customer))
template <>
inline constexpr tidings::EventInfo tidings::event_info<Order>{.type = "Order", .topic = "orders"};

struct Clerk {
  int handle(const Order&, tidings::Context&) { return 17; }
};

void declare(tidings::Service& service) {
  service.on<Order>(Clerk{});
}
