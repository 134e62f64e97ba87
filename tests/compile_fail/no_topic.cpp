// expect: tidings: this type is no event: specialise tidings::event_info<E>
#include <boost/describe.hpp>
#include <string>

#include "tidings/service.hpp"

struct Order {
  std::string customer;
};
BOOST_DESCRIBE_STRUCT(Order, (), (customer))

template <>
inline constexpr tidings::EventInfo tidings::event_info<Order>{.type = "Order"};

void declare(tidings::Service& service) {
  service.publishes<Order>();
}
