// Dead letters of services that are not ours: their queues let them go to the exchange `events.dlx`, by any key. All
// are in one queue, and known by the queue that gave them up.
//
// Wire:    docs/wire.md, "Dead letters and retries".
// Threads: pure functions.
#pragma once

#include <string>

#include "tidings/transport/operator.hpp"
#include "transport/rabbitmq/format/amqp_names.hpp"
#include "transport/rabbitmq/format/message.hpp"
#include "transport/rabbitmq/link/link.hpp"
#include "transport/rabbitmq/publish/amqp_producer.hpp"
#include "transport/rabbitmq/topology/subscription_queue.hpp"

namespace tidings::rabbitmq {

// The group that operators see: no other has a ':'.
inline constexpr std::string_view kForeignGroup = "foreign:";  // and the queue

// Where they are, as a subscription's would be.
SubscriptionQueues foreign_letters(const Names& names);
// Makes exchange and queue where they are missing. conflict: one is there and is set otherwise.
Result<void> declare_foreign_letters(Link& link, Channel channel, const Names& names);

// The same for each look at it. Two that are equal in all, also in their time, are one.
std::string foreign_letter_id(const Message& message);
transport::DeadLetter foreign_letter(const Message& message);
// To the queue that gave it up. invalid: it says none.
Result<Outgoing> foreign_replay(const Message& message);

}  // namespace tidings::rabbitmq
