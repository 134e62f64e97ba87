// Topics on a RabbitMQ server: each is an exchange of its own behind `events`, to which its types' routing keys lead.
//
// Threads: pure functions of a link.
#pragma once

#include <string>

#include "transport/rabbitmq/format/amqp_names.hpp"
#include "transport/rabbitmq/link/link.hpp"
#include "transport/rabbitmq/topology/stream_reader.hpp"

namespace tidings::rabbitmq {

// Makes the topic where it is missing, with the stream that keeps its events.
Result<void> declare_topic(Link& link, Channel channel, const Names& names, const AmqpOptions& options,
                           const std::string& topic);
StreamSpec history_of(const Names& names, const std::string& topic, const AmqpOptions& options);
// From now on events of that type reach the topic, also those that others publish.
Result<void> lead_type(Link& link, Channel channel, const Names& names, const std::string& type,
                       const std::string& topic);

}  // namespace tidings::rabbitmq
