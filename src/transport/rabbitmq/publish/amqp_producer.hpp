// Sends messages to a RabbitMQ server, each confirmed, returned or refused, in the order in which they came.
//
// Owns:    a connection and the thread `amqp-publish`, which alone uses it.
// Threads: any, at once. Answers come on that thread, or inside send() for what is refused at once; they must be short
//          and must not call the producer.
// Blocks:  send() never; flush() and close() until their deadline. While the server takes nothing (an alarm of its
//          memory or disk) messages wait here, up to the limits of the options.
// Order:   after a connection was lost all that is unconfirmed is sent again as it was sent; it may be there twice
//          then. So is what the server refused, unless a later one of its key was taken: then it is `unavailable`.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tidings/executor.hpp"
#include "tidings/transport/transport.hpp"
#include "transport/rabbitmq/format/message.hpp"
#include "transport/rabbitmq/link/amqp_options.hpp"
#include "transport/rabbitmq/link/link.hpp"

namespace tidings::rabbitmq {

struct Outgoing {
  std::string exchange;  // empty: to the queue that `key` names
  std::string key;
  transport::Record record;
  Notes notes = {};
  bool is_new = false;         // bound by record_bytes_max; what came from the server goes back as large as it is
  bool may_find_full = false;  // its queue has a bound: who refuses it says so
  std::function<void(Result<void>)> answered;
};

// What a message needs on a server before it is sent. Called by the producer's thread.
class Preparation {
 public:
  virtual ~Preparation() = default;
  // On a new connection: what was there may be gone.
  virtual Result<void> begin(Link& link) = 0;
  // May change where it goes. invalid: it cannot go anywhere.
  virtual Result<void> prepare(Link& link, Outgoing& message) = 0;
};

class Producer {
 public:
  // Returns at once: messages wait until a server is reached.
  static std::shared_ptr<Producer> open(std::shared_ptr<Executor> executor, const AmqpOptions& options,
                                        const transport::PublisherOptions& limits,
                                        std::unique_ptr<Preparation> preparation);
  virtual ~Producer() = default;

  // overloaded: a limit of the options, and what lies behind such a one here; invalid: no such topic, too large;
  // unavailable: not confirmed in time, or no queue wants it.
  virtual void send(std::vector<Outgoing> messages) = 0;
  virtual Result<void> flush(Time deadline) = 0;
  // The server takes no messages now: its memory or its disk is full. It says so to who sends.
  virtual bool is_blocked() const = 0;
  // What is not confirmed by then is answered `unavailable`; nothing is called afterwards.
  virtual void close(Time deadline) = 0;
};

}  // namespace tidings::rabbitmq
