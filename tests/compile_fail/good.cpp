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
  tidings::Result<void> look(const Order&, tidings::Context&) const { return {}; }
  void count(const Order&) const noexcept {}
};
struct Clerk {
  void handle(const Order&, tidings::Context&) {}
};
struct Auditor {
  tidings::Result<void> handle(const Order&) const { return {}; }
};

void declare(tidings::Service& service, Desk& desk, const Desk& other) {
  service.publishes<Order>();
  service.on<Order>([](const Order&) {});
  service.on<Order>([](const Order&, tidings::Context& context) { return context.publish(Order{}); });
  service.on<Order>(&Desk::take, desk);
  service.on<Order>(&Desk::look, desk, {.group = "look"});
  service.on<Order>(&Desk::count, other);
  service.on<Order>(Clerk{});
  service.on<Order>(Auditor{});
}
