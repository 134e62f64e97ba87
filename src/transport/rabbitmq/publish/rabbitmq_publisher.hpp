// Publishes events to the exchange `events`.
#pragma once

#include <memory>

#include "tidings/transport/transport.hpp"
#include "transport/rabbitmq/publish/amqp_producer.hpp"
#include "transport/rabbitmq/topology/broker.hpp"

namespace tidings::rabbitmq {

// An event as it is published; TopicPreparation says by which key.
Outgoing event_message(const Names& names, transport::Record record);

std::unique_ptr<transport::Publisher> make_publisher(std::shared_ptr<Broker> broker,
                                                     std::shared_ptr<Producer> producer);

}  // namespace tidings::rabbitmq
