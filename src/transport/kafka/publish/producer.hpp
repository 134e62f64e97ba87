// Sends messages, each confirmed or refused, in order by key: acks=all, idempotent.
//
// Owns:    a librdkafka producer, and the thread that answers.
// Threads: any, at once. Answers come on that thread, or inside send() for what is refused at once; they must be short
//          and must not call the producer.
// Blocks:  send() never; flush() and close() until their deadline.
// Order:   a client that the broker refuses for good is replaced, and what is unconfirmed is sent again as it was sent;
//          it may be there twice then. What was refused (not confirmed in time, too large) leaves a gap: what follows
//          it stays in order, and who publishes it again has it behind those.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tidings/transport/transport.hpp"
#include "transport/driver/copy.hpp"
#include "transport/kafka/client/cluster.hpp"

namespace tidings::kafka {

using transport::Copy;

struct Message {
  std::string topic;  // on the cluster
  transport::Record record;
  std::optional<Copy> copy;
  std::optional<std::int32_t> partition;  // none: by the key, as Java clients do
  std::function<void(Result<void>)> answered;
};

class Producer {
 public:
  static Result<std::shared_ptr<Producer>> open(std::shared_ptr<Cluster> cluster,
                                                const transport::PublisherOptions& options);
  virtual ~Producer() = default;

  // overloaded: a limit of the options, and what lies behind such a one here; invalid: no such topic, too large;
  // unavailable: not confirmed in time.
  virtual void send(std::vector<Message> messages) = 0;
  virtual Result<void> flush(Time deadline) = 0;
  // What is not confirmed by then is answered `unavailable`; nothing is called afterwards.
  virtual void close(Time deadline) = 0;

  // For tests: as if the broker had refused this client for good.
  virtual void break_client() = 0;
};

}  // namespace tidings::kafka
