// What was tried of a subscription's messages: a server keeps no such thing. Control records of the driver, one for
// each message that was retried in place, or runs alone.
//
// Wire:    docs/wire.md, "Control on RabbitMQ".
// Threads: any.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidings/transport/settlement.hpp"
#include "transport/rabbitmq/control/control_stream.hpp"
#include "transport/rabbitmq/format/message.hpp"

namespace tidings::rabbitmq {

// Of all queues of that name.
std::string trial_prefix(std::string_view name);
// That name, of a trial's key.
std::string_view queues_in_trial(std::string_view key);
std::string text_of(const transport::Attempts& attempts);
transport::Attempts attempts_of(std::string_view text);  // lines of others are skipped

class Trials final {
 public:
  using Answer = std::function<void(Result<void>)>;

  // Of all queues of a subscription; `name` is theirs.
  Trials(std::shared_ptr<ControlStream> log, const std::string& name)
      : log_{std::move(log)}, prefix_{trial_prefix(name)} {}

  // By which a message is known again, on whichever connection: its id, or what it says where it has none; and how
  // often it was replayed.
  static std::string key_of(const Message& message);

  // All that is known now of all queues. Blocks.
  Result<std::vector<transport::Attempts>> all() const;
  // Of one queue, by those keys, as far as Control was read. Does not block.
  std::map<std::string, transport::Attempts> of_queue(std::size_t queue) const;
  // Answered once it is durable.
  void put(std::size_t queue, const std::string& key, const transport::Attempts& attempts, Answer answered) const;
  // Where that fails it stays, until who has the queue next sees that the message is gone (OwnedQueue::take_gone()).
  void erase(std::size_t queue, const std::string& key) const;

 private:
  std::string prefix_of(std::size_t queue) const { return prefix_ + std::to_string(queue) + "/"; }

  const std::shared_ptr<ControlStream> log_;
  const std::string prefix_;
};

}  // namespace tidings::rabbitmq
