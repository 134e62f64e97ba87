// expect: has no wire form: write BOOST_DESCRIBE_STRUCT
#include <boost/describe.hpp>
#include <vector>

#include "tidings/service.hpp"

struct Item {
  int count = 0;
};
struct Order {
  std::vector<Item> items;
};
BOOST_DESCRIBE_STRUCT(Order, (), (items))
template <>
inline constexpr tidings::EventInfo tidings::event_info<Order>{.type = "Order", .topic = "orders"};

void declare(tidings::Service& service) {
  service.publishes<Order>();
}
