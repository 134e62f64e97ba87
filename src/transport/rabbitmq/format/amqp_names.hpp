// What our names are on a server. docs/wire.md lists them.
//
// Threads: values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tidings::rabbitmq {

// Of a deployment: every name that it uses on the server begins with its prefix, which may be empty.
class Names final {
 public:
  explicit Names(std::string prefix) : prefix_{std::move(prefix)}, events_{prefix_ + "events"} {}

  // Where all events are published.
  const std::string& events() const { return events_; }
  // The exchange behind it that stands for a topic: all its events go there, to each of its subscriptions.
  std::string topic(std::string_view topic) const { return events_ + "." + std::string{topic}; }
  // The stream that keeps its events.
  std::string history(std::string_view topic) const { return this->topic(topic) + ".history"; }
  // Of a subscription: `<group>.orders_queue` for a topic, and by the article's rule `<group>.order_created_queue` for
  // the pattern `order.created`.
  std::string queue_of_topic(std::string_view group, std::string_view topic) const;
  std::string queue_of_pattern(std::string_view group, std::string pattern) const;
  // One that others named.
  std::string queue(std::string_view name) const { return prefix_ + std::string{name}; }
  // Where services that are not ours let their dead letters go, and the queue of them all, without its ending `.dlq`.
  std::string foreign_exchange() const { return events() + ".dlx"; }
  std::string foreign_letters() const { return events() + ".foreign"; }
  std::string control() const { return prefix_ + "tidings.control"; }

 private:
  const std::string prefix_;
  const std::string events_;
};

// Of a subscription's queues, once their number was changed so often (repartition.hpp).
inline std::string in_generation(std::string_view base, std::uint32_t generation) {
  return std::string{base} + (generation == 0 ? "" : ".v" + std::to_string(generation));
}
inline std::string dead_letters_of(std::string_view queue) {
  return std::string{queue} + ".dlq";
}
// The exchange to which a subscription's spreads what says no slot (key_slots.hpp).
inline std::string others_of(std::string_view name) {
  return std::string{name} + ".others";
}
// Where dead letters that were discarded stay for a while.
inline std::string discarded_of(std::string_view queue) {
  return dead_letters_of(queue) + ".discarded";
}
// Where what is to come back after so many milliseconds waits.
inline std::string retries_of(std::string_view queue, long long milliseconds) {
  return std::string{queue} + ".retry." + std::to_string(milliseconds) + "ms";
}

// By which an event of that type, or without one, goes to its topic: `order.created`.
std::string routing_key(std::string_view type, std::string_view topic);
// All keys by which others publish such events, too: `order.created`, `ordercreated`.
std::vector<std::string> routing_keys(std::string_view type, std::string_view topic);
// Those that a pattern stands for: itself, and where it has no wildcard the unsplit form. None for none.
std::vector<std::string> pattern_keys(const std::string& pattern);

}  // namespace tidings::rabbitmq
