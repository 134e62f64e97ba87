// Between records and Kafka's messages: docs/wire.md, "Fields of a record" and "Dead letters and retries".
//
// Threads: pure functions. What is read lives as long as its message.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "tidings/transport/record.hpp"
#include "transport/driver/copy.hpp"
#include "transport/kafka/client/rdkafka.hpp"

namespace tidings::kafka {

using transport::Copy;

// The record's named fields first, each where its headers do not say the same already; then its headers; then the
// copy's.
HeadersHandle headers_of(const transport::Record& record, const Copy* copy = nullptr);

// A record's time, as a message has it: milliseconds since 1970, at least 1; 0: none, the client takes its own.
std::int64_t timestamp_of(const std::optional<Time>& time);

// When it was sent, or appended, as the topic has it.
Time message_time(const rd_kafka_message_t& message);

std::size_t header_count(const rd_kafka_message_t& message);

// Appends the record's headers to `headers`, which has room for header_count() more: views into it stay valid. Named
// headers in front, as we write them, are no headers of the record; others stay among them, so that what is written
// back is byte-equal.
transport::RecordView read_record(const rd_kafka_message_t& message, std::string_view topic,
                                  std::vector<transport::HeaderView>& headers);

// The part of it that concerns headers: named fields of `record`, and which of `all` are its headers.
void read_headers(transport::RecordView& record, std::span<const transport::HeaderView> all);

// What stands in a copy of ours beside the record; it is gone from the record's headers then. The topic, too, is that
// of the original, which lives in `copy`. Nothing: it is no copy of ours.
bool take_copy(transport::RecordView& record, Copy& copy);

// Of an optional text, for librdkafka's calls; null and 0: there is none.
template <class Bytes>
const char* data_of(const Bytes& bytes) {
  return bytes ? bytes->data() : nullptr;
}
template <class Bytes>
std::size_t size_of_bytes(const Bytes& bytes) {
  return bytes ? bytes->size() : 0;
}

}  // namespace tidings::kafka
