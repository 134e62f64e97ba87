// Our side: a service that takes over the queue of one in Python, and one of its groups that reads a pattern.
//
// INTEROP_GROUP: its name. Standard output: a line of JSON for each run of a handler.
#include <boost/describe.hpp>
#include <cstdlib>
#include <iostream>
#include <string>

#include "tidings/json.hpp"
#include "tidings/service.hpp"

namespace interop {

struct OrderCreated {
  std::string customer_id;
  tidings::Money total_amount;
};
BOOST_DESCRIBE_STRUCT(OrderCreated, (), (customer_id, total_amount))

struct Line {
  std::string handler;
  std::string event_id;
  std::string event_type;
  std::string topic;
  std::string aggregate_id;
  std::optional<std::string> customer_id;
  int attempt = 0;
  bool replayed = false;
};
BOOST_DESCRIBE_STRUCT(Line, (), (handler, event_id, event_type, topic, aggregate_id, customer_id, attempt, replayed))

}  // namespace interop

template <>
inline constexpr tidings::EventInfo tidings::event_info<interop::OrderCreated>{.type = "OrderCreated",
                                                                               .topic = "orders"};

namespace {

using namespace interop;

tidings::Result<void> say(std::string handler, std::optional<std::string> customer, const tidings::Context& context) {
  const tidings::Envelope& envelope = context.envelope();
  const auto line = tidings::to_json(Line{.handler = std::move(handler),
                                          .event_id = envelope.id,
                                          .event_type = envelope.type,
                                          .topic = std::string{context.topic()},
                                          .aggregate_id = envelope.aggregate_id,
                                          .customer_id = std::move(customer),
                                          .attempt = context.attempt(),
                                          .replayed = context.replayed()});
  if (!line) return line.error();
  std::cout << *line + '\n' << std::flush;
  return {};
}

tidings::Result<void> take(const OrderCreated& order, tidings::Context& context) {
  if (auto said = say("take", order.customer_id, context); !said) return said;
  // Who "fails-" does so at the services in JavaScript, too.
  if (order.customer_id == "refused" || order.customer_id.starts_with("fails-"))
    return tidings::invalid("no credit for this customer");
  if (order.customer_id == "unlucky" && context.attempt() == 1) return tidings::unavailable("no luck");
  return {};
}

tidings::Result<void> watch(const tidings::AnyEvent&, tidings::Context& context) {
  return say("watch", std::nullopt, context);
}

}  // namespace

int main(int argc, char** argv) {
  const char* name = std::getenv("INTEROP_GROUP");
  const std::string group = name != nullptr ? name : "heir";
  tidings::Service service{group};
  service.on<OrderCreated>(take, {.retry = {.attempts_max = 3, .delay_first = std::chrono::seconds{1}},
                                  .pattern = "order.created",
                                  .queue = "order_created_queue",
                                  .order = tidings::RetryOrder::relaxed});
  service.on_any(watch, {.group = group + "-watch", .pattern = "order.*"});
  return service.run(argc, argv);
}
