// expect: tidings: this type is no event: specialise tidings::event_info<E>
#include <boost/describe.hpp>
#include <string>

#include "tidings/service.hpp"

struct Order {
  std::string customer;
};
BOOST_DESCRIBE_STRUCT(Order, (), (customer))

tidings::Result<void> handle(tidings::Context& context) {
  return context.publish(Order{});
}
