// Our side: a service that places orders, charges them, and keeps books of every order that it sees.
//
// Standard output: a line of JSON for each record of `orders`, as a handler sees it.
#include <boost/describe.hpp>
#include <iostream>
#include <string>
#include <vector>

#include "tidings/json.hpp"
#include "tidings/service.hpp"

namespace interop {

struct OrderItem {
  std::string product_id;
  int quantity = 0;
  double price = 0;
};
BOOST_DESCRIBE_STRUCT(OrderItem, (), (product_id, quantity, price))

struct OrderCreated {
  std::string customer_id;
  std::vector<OrderItem> items;
  tidings::Money total_amount;
};
BOOST_DESCRIBE_STRUCT(OrderCreated, (), (customer_id, items, total_amount))

struct PaymentCompleted {
  std::string customer_id;
  tidings::Money amount;
};
BOOST_DESCRIBE_STRUCT(PaymentCompleted, (), (customer_id, amount))

// What an entry of the books says.
struct Header {
  std::string name;
  std::optional<tidings::Bytes> value;
};
BOOST_DESCRIBE_STRUCT(Header, (), (name, value))

struct Entry {
  std::string topic;
  std::optional<tidings::Bytes> key;
  std::string event_id;
  std::string event_type;
  tidings::Time timestamp;
  std::string aggregate_id;
  int version = 0;
  std::string correlation_id;
  std::string causation_id;
  std::vector<Header> headers;
  std::optional<tidings::RawJson> data;  // none: it had no body
};
BOOST_DESCRIBE_STRUCT(Entry, (),
                      (topic, key, event_id, event_type, timestamp, aggregate_id, version, correlation_id, causation_id,
                       headers, data))

}  // namespace interop

template <>
inline constexpr tidings::EventInfo tidings::event_info<interop::OrderCreated>{.type = "OrderCreated",
                                                                               .topic = "orders"};
template <>
inline constexpr tidings::EventInfo tidings::event_info<interop::PaymentCompleted>{.type = "PaymentCompleted",
                                                                                   .topic = "payments"};

namespace {

using namespace interop;

constexpr int kPlacedMax = 1'000;

std::optional<tidings::Bytes> bytes_of(std::optional<std::string_view> text) {
  if (!text) return std::nullopt;
  return tidings::Bytes{std::string{*text}};
}

Entry entry_of(const tidings::AnyEvent& event) {
  const auto& [envelope, data, record] = event;
  Entry entry{.topic = std::string{record.topic},
              .key = bytes_of(record.key),
              .event_id = envelope.id,
              .event_type = envelope.type,
              .timestamp = envelope.time,
              .aggregate_id = envelope.aggregate_id,
              .version = envelope.version,
              .correlation_id = envelope.correlation_id,
              .causation_id = envelope.causation_id};
  for (const auto& header : record.headers) entry.headers.push_back({std::string{header.name}, bytes_of(header.value)});
  if (record.body) entry.data = tidings::RawJson{std::string{data}};
  return entry;
}

tidings::Result<void> charge(const OrderCreated& order, tidings::Context& context) {
  if (order.customer_id == "refused") return tidings::invalid("no credit for this customer");
  return context.publish(PaymentCompleted{order.customer_id, order.total_amount});
}

tidings::Result<void> keep_books(const tidings::AnyEvent& event) {
  const auto line = tidings::to_json(entry_of(event));
  if (!line) return line.error();
  std::cout << *line + '\n' << std::flush;
  return {};
}

tidings::Result<void> place(tidings::Bus& bus, int orders) {
  for (int i = 0; i < orders; ++i) {
    const OrderCreated order{"ours", {{"cd-" + std::to_string(i), 1 + i % 3, 11.77}}, tidings::Money{1'177 + i}};
    const std::string id = "ours-" + std::to_string(i);
    if (auto sent = bus.publish(order, {.aggregate_id = id}); !sent) return sent;
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  tidings::Service service{"order-service"};
  std::string orders = "0";
  service.setting("orders", "how many it places at its start, at most 1000", orders);
  service.publishes<OrderCreated, PaymentCompleted>();
  service.on<OrderCreated>(charge);
  service.on_any(keep_books, {.group = "books", .topic = "orders"});
  service.background("customers", [&orders](tidings::Bus& bus, std::stop_token) {
    return place(bus, std::min(std::stoi(orders), kPlacedMax));
  });
  return service.run(argc, argv);
}
