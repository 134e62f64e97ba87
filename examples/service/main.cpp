// A whole service: it handles orders, and publishes receipts. --help says what a service understands by itself.
#include <boost/describe.hpp>
#include <iostream>
#include <string>

#include "tidings/service.hpp"

using namespace std::chrono_literals;

struct OrderPlaced {
  std::string customer;
  int quantity = 0;
};
BOOST_DESCRIBE_STRUCT(OrderPlaced, (), (customer, quantity))
template <>
inline constexpr tidings::EventInfo tidings::event_info<OrderPlaced>{.type = "OrderPlaced", .topic = "orders"};

struct ReceiptSent {
  std::string customer;
};
BOOST_DESCRIBE_STRUCT(ReceiptSent, (), (customer))
template <>
inline constexpr tidings::EventInfo tidings::event_info<ReceiptSent>{.type = "ReceiptSent", .topic = "receipts"};

int main(int argc, char** argv) {
  tidings::Service service{"receipts"};
  service.publishes<OrderPlaced, ReceiptSent>();

  service.on<OrderPlaced>(
      [](const OrderPlaced& order, tidings::Context& context) -> tidings::Result<void> {
        std::cout << order.customer << " ordered " << order.quantity << ", attempt " << context.attempt() << std::endl;
        if (context.attempt() == 1) return tidings::unavailable("the printer is warming up");  // tried again, later
        return context.publish(ReceiptSent{order.customer});  // leaves when this handler has succeeded, not before
      },
      {.retry = {.attempts_max = 3, .delay_first = 10ms}});

  service.on<ReceiptSent>([&](const ReceiptSent& receipt) {
    std::cout << "a receipt for " << receipt.customer << std::endl;
    service.stop();  // for this example; others run until SIGTERM
  });

  // What a service does besides handling; here somebody orders.
  service.background("customer", [](tidings::Bus& bus, std::stop_token) {
    return bus.publish(OrderPlaced{"ada", 3}, {.aggregate_id = "order-1"});
  });
  return service.run(argc, argv);
}
