// A small service for the tests of the process around a bus: it publishes to itself and handles what comes.
#include <boost/describe.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/eventually.hpp"
#include "tidings/money.hpp"
#include "tidings/service.hpp"

namespace sample {

struct OrderItem {
  std::string product_id;
  int quantity = 0;
};
BOOST_DESCRIBE_STRUCT(OrderItem, (), (product_id, quantity))

struct OrderPlaced {
  std::string customer_id;
  std::vector<OrderItem> items;
  tidings::Money total;
};
BOOST_DESCRIBE_STRUCT(OrderPlaced, (), (customer_id, items, total))

struct SendReceipt {
  std::string customer_id;
};
BOOST_DESCRIBE_STRUCT(SendReceipt, (), (customer_id))

}  // namespace sample

template <>
inline constexpr tidings::EventInfo tidings::event_info<sample::OrderPlaced>{.type = "OrderPlaced", .topic = "orders"};
template <>
inline constexpr tidings::EventInfo tidings::event_info<sample::SendReceipt>{.type = "SendReceipt",
                                                                             .destination = "receipts"};
template <>
inline constexpr tidings::FieldInfo tidings::field_info<&sample::OrderPlaced::customer_id>{
    .required = true, .doc = "Who ordered.", .masked = true};

namespace {

using namespace std::chrono_literals;

// Each way to go wrong, chosen by the customer's name.
tidings::Result<void> handle(const sample::OrderPlaced& order, tidings::Context& context, const std::string& hold) {
  if (order.customer_id == "refused") return tidings::invalid("no credit for this customer");
  if (order.customer_id == "flaky" && context.attempt() == 1) return tidings::unavailable("the bank does not answer");
  if (order.customer_id == "held")
    tidings::testing::eventually([&] { return std::filesystem::exists(hold); }, std::chrono::hours{1});
  return context.publish(sample::SendReceipt{order.customer_id});
}

}  // namespace

int main(int argc, char** argv) {
  tidings::Service service{"sample-service"};
  std::string customers, hold, token, background;
  service.setting("customers", "publishes an order for each of these names at start, separated by commas", customers);
  service.setting("hold", "the order of the customer 'held' waits until this file exists", hold);
  service.setting("bank-token", "what opens the bank", token);
  service.setting("background", "fail: background work fails; done: it ends the service", background);
  service.publishes<sample::OrderPlaced>({.retention = {.bytes = 512u << 20}});
  service.publishes<sample::SendReceipt>();
  const tidings::Log log = service.log();
  service.on<sample::OrderPlaced>(
      [&hold, log](const sample::OrderPlaced& order, tidings::Context& context) {
        log.info("handling", {{"customer", order.customer_id}});
        const auto done = handle(order, context, hold);
        if (done) log.info("receipt asked for");
        return done;
      },
      {.retry = {.attempts_max = 3, .delay_first = 1ms, .jitter = 0}, .concurrency = 4});
  service.on<sample::SendReceipt>([](const sample::SendReceipt&) {}, {.group = "receipts"});
  service.background("orders", [&](tidings::Bus& bus, std::stop_token) -> tidings::Result<void> {
    for (std::size_t begin = 0; begin < customers.size();) {
      const auto end = std::min(customers.find(',', begin), customers.size());
      const std::string name = customers.substr(begin, end - begin);
      if (auto sent = bus.publish(sample::OrderPlaced{.customer_id = name},
                                  {.id = "order-" + name, .correlation_id = "story-" + name});
          !sent)
        return sent;
      begin = end + 1;
    }
    if (background == "fail") return tidings::unavailable("the feed is gone");
    if (background == "throw") throw std::runtime_error{"the feed blew up"};
    if (background == "done") service.stop();
    return {};
  });
  return service.run(argc, argv);
}
