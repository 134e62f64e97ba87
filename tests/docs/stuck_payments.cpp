// The service of docs/guides/stuck-events.md: its bank takes no charges while the setting `bank` is `down`.
#include <boost/describe.hpp>
#include <chrono>
#include <string>

#include "tidings/money.hpp"
#include "tidings/service.hpp"

namespace stuck {

struct OrderCreated {
  std::string customer_id;
  tidings::Money total_amount;
};
BOOST_DESCRIBE_STRUCT(OrderCreated, (), (customer_id, total_amount))

struct PaymentCompleted {
  tidings::Money amount;
};
BOOST_DESCRIBE_STRUCT(PaymentCompleted, (), (amount))

}  // namespace stuck

template <>
inline constexpr tidings::EventInfo tidings::event_info<stuck::OrderCreated>{.type = "OrderCreated", .topic = "orders"};
template <>
inline constexpr tidings::EventInfo tidings::event_info<stuck::PaymentCompleted>{.type = "PaymentCompleted",
                                                                                 .topic = "payments"};

int main(int argc, char** argv) {
  tidings::Service service{"payment-service"};
  std::string bank = "up";
  service.setting("bank", "up or down", bank);
  service.publishes<stuck::PaymentCompleted>();
  service.on<stuck::OrderCreated>(
      [&bank](const stuck::OrderCreated& order, tidings::Context& context) -> tidings::Result<void> {
        if (bank == "down") return tidings::unavailable("the bank refuses our certificate: expired");
        return context.publish(stuck::PaymentCompleted{order.total_amount});
      },
      {.retry = {.attempts_max = 2, .delay_first = std::chrono::milliseconds{1}}, .concurrency = 8});
  return service.run(argc, argv);
}
