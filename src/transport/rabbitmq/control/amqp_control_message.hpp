// Between control records and the messages of the control stream: docs/wire.md, "Control on RabbitMQ".
//
// Threads: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "transport/driver/control_records.hpp"
#include "transport/rabbitmq/format/message.hpp"
#include "transport/rabbitmq/publish/amqp_producer.hpp"

namespace tidings::rabbitmq {

using transport::ControlMessage;

// To that stream. `message.appended`: now, by who puts it.
Outgoing outgoing_of(const ControlMessage& message, const std::string& stream);
// One without a record: who sent it waits until it reads it, and knows that it has read all before.
Outgoing barrier_of(const std::string& token, const std::string& stream);

// Nothing: it has no key, so is no record's.
std::optional<ControlMessage> control_message(const Message& message);
std::string_view barrier_token(const Message& message);  // empty: it is no barrier

// What it takes of the stream, about.
std::size_t bytes_in_stream(const Message& message);

}  // namespace tidings::rabbitmq
