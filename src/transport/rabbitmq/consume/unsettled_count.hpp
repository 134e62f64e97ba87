// How many messages a subscription has that it did not settle: those that wait in its queues, and those that members
// have.
//
// Threads: any. Blocks: on the server.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "transport/rabbitmq/consume/amqp_holdings.hpp"
#include "transport/rabbitmq/topology/broker.hpp"
#include "transport/rabbitmq/topology/subscription_queue.hpp"

namespace tidings::rabbitmq {

// Those that are in a queue and that nobody has; 0: there is none.
Result<std::uint64_t> count_ready(Broker& broker, const std::string& queue);

// Of queues that these instances read. `held`: what they have of each.
Result<std::uint64_t> count_unsettled(Broker& broker, const SubscriptionQueues& queues,
                                      const std::vector<std::string>& instances, Holdings& held);

}  // namespace tidings::rabbitmq
