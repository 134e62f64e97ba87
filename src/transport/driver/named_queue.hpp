// For drivers without queues: a subscription that names one.
#pragma once

#include <string>

#include "tidings/transport/transport.hpp"

namespace tidings::transport {

// unsupported: it names one.
inline Result<void> check_no_queue(const SubscriptionSpec& spec) {
  if (spec.queue.empty()) return {};
  return unsupported("group '" + spec.group + "' is to read queue '" + spec.queue +
                     "': there are queues on RabbitMQ only; leave `queue` out");
}

}  // namespace tidings::transport
