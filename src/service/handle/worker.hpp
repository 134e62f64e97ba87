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

// The lane of a delivery that is handled after others in one go: whatever of it failed, keeps the rest of it back.
struct LaneName {
  std::string_view topic;
  std::string_view key;
  friend bool operator==(const LaneName&, const LaneName&) = default;
};
inline std::optional<LaneName> lane_of(const transport::Delivery& delivery) {
  if (!delivery.record.key) return std::nullopt;
  return LaneName{delivery.record.topic, *delivery.record.key};
}

}  // namespace tidings::service
