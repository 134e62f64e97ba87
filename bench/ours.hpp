// The other side of kafka_bench and rabbitmq_bench: the same work by Tidings, from structs to handlers.
//
// Threads: one, but that handlers run on their own.
// Errors:  end the program with a message.
#pragma once

#include <boost/describe.hpp>
#include <memory>
#include <string>
#include <vector>

#include "order.hpp"
#include "tidings/bus.hpp"
#include "tidings/codec.hpp"
#include "usage.hpp"

namespace tidings::bench {

// What a handler publishes.
struct OrderSeen {
  std::string order;
};
BOOST_DESCRIBE_STRUCT(OrderSeen, (), (order))

OrderCreated order_of(int number);

class Ours final {
 public:
  Ours(const std::string& url, std::shared_ptr<Executor> executor);

  // From the struct to the last confirmation; at most `window` of them unconfirmed. One goes before, by itself.
  Usage publish(int count, int window);
  // From now on events are kept for the group: where they are kept in queues, it has one.
  void subscribe(const std::string& group);
  // Takes the bytes and settles them: from the first delivery to the last answer.
  Usage consume(const std::string& group, int count);

 private:
  const std::shared_ptr<Executor> executor_;
  const std::shared_ptr<transport::Transport> transport_;
  Bus bus_;
};

// A service that handles what is there, from its first event until it has stopped, all of it settled.
struct Handling {
  std::string group;
  int count = 0;
  int lanes = 1;
  Duration work{};         // that a handler waits
  bool publishes = false;  // an event of its own for each
};
Usage handle(const std::string& url, const std::shared_ptr<Executor>& executor, const Handling& handling);

// What publishing, and handling, has to do anyway: from the struct to its bytes, and back.
struct Coding {
  Usage encoding, decoding;
};
Coding code(Profile profile, const Executor& executor, int count);

// From publish() to the handler, one event after the other.
std::vector<Duration> latencies(const std::string& url, const std::shared_ptr<Executor>& executor,
                                const std::string& group, int count);

}  // namespace tidings::bench

template <>
inline constexpr tidings::EventInfo tidings::event_info<tidings::bench::OrderSeen>{.type = "OrderSeen",
                                                                                   .topic = "seen"};
