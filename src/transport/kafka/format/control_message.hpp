// Between control records and the messages of the control topic: docs/wire.md, "Control on Kafka".
//
// Threads: pure functions.
#pragma once

#include <optional>

#include "tidings/transport/record.hpp"
#include "transport/driver/control_records.hpp"
#include "transport/kafka/client/rdkafka.hpp"

namespace tidings::kafka {

using transport::ControlMessage;

// What Producer sends.
transport::Record record_of(const ControlMessage& message, const std::string& topic);

// Of the message at that offset. Nothing: it has no key, so is none of ours.
std::optional<ControlMessage> control_message(const transport::RecordView& record, std::int64_t offset);
std::optional<ControlMessage> control_message(const rd_kafka_message_t& message);

}  // namespace tidings::kafka
