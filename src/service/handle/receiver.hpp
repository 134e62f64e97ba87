// The thread of a subscription that receives: notices, then deliveries, then flow.
//
// Threads: run() by its own, until the queue drains.
#pragma once

#include <vector>

#include "service/handle/subscription_parts.hpp"

namespace tidings::service {

class Receiver final {
 public:
  explicit Receiver(SubscriptionParts& parts) : parts_{parts} {}
  void run();

 private:
  void heed(const transport::Notice& notice);
  void take_in(std::vector<transport::Delivery> deliveries);
  void decode_ahead(const std::vector<transport::Delivery>& deliveries);
  void apply_flow();

  SubscriptionParts& parts_;
};

}  // namespace tidings::service
