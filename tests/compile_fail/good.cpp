// expect: nothing
#include <boost/describe.hpp>
#include <string>

#include "tidings/service.hpp"

struct Order {
  std::string customer;
};
BOOST_DESCRIBE_STRUCT(Order, (), (customer))
template <>
inline constexpr tidings::EventInfo tidings::event_info<Order>{.type = "Order", .topic = "orders"};

struct Desk {
  tidings::Result<void> take(const Order&) { return {}; }
};
struct Clerk {
  void handle(const Order&, tidings::Context&) {}
};

void declare(tidings::Service& service, Desk& desk) {
  service.publishes<Order>();
  service.on<Order>([](const Order&) {});
  service.on<Order>([](const Order&, tidings::Context& context) { return context.publish(Order{}); });
  service.on<Order>(&Desk::take, desk);
  service.on<Order>(Clerk{});
}
