// One thread of a subscription that takes deliveries and brings them through the stages.
//
// Threads: run() by its own, until the queue drains; request_stop() by any.
#pragma once

#include <memory>

#include "service/handle/subscription_parts.hpp"

namespace tidings::service {

class Worker {
 public:
  virtual ~Worker() = default;
  virtual void run() = 0;
  // The handler that runs finds its stop token set.
  virtual void request_stop() = 0;
};

// One delivery after another, with others beside it. `slot`: its place on the running board, from 1 on.
std::unique_ptr<Worker> plain_worker(SubscriptionParts& parts, std::size_t slot);
// Many deliveries in one transaction of the inbox. Uses slot 1.
std::unique_ptr<Worker> inbox_worker(SubscriptionParts& parts);
// Many deliveries in one call of a handler. Uses the slots from 1 on.
std::unique_ptr<Worker> batch_worker(SubscriptionParts& parts);

}  // namespace tidings::service
