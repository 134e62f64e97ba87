// A record: one event as transports carry it. Bytes and named fields, no meaning.
//
// Threads: values. A RecordView is valid as long as the memory it looks into (Delivery::memory, a History page).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tidings/names.hpp"

#pragma GCC visibility push(default)

namespace tidings::transport {

// Headers are ordered and repeatable; a value is bytes or null.
struct Header {
  std::string name;
  std::optional<std::string> value;

  friend bool operator==(const Header&, const Header&) = default;
};

struct HeaderView {
  std::string_view name;
  std::optional<std::string_view> value;
};

// To publish. Empty id, type, correlation_id and content_type mean absent; so does an unset time.
// Each driver maps the named fields to its wire profile (docs/wire.md); no driver reads the body.
struct Record {
  std::string topic;
  std::optional<std::string> key;  // any bytes; none: ordered with nothing
  std::string id;
  std::string type;
  std::string correlation_id;
  std::string content_type;
  std::optional<Time> time;
  std::vector<Header> headers;
  std::string broker_fields;        // what a broker types (AMQP field tables, ...), opaque; written back byte-equal
  std::optional<std::string> body;  // bytes or null (a tombstone)

  friend bool operator==(const Record&, const Record&) = default;
};

// As received.
struct RecordView {
  std::string_view topic;
  std::optional<std::string_view> key;
  std::string_view id;
  std::string_view type;
  std::string_view correlation_id;
  std::string_view content_type;
  std::optional<Time> time;
  std::span<const HeaderView> headers;
  std::string_view broker_fields;
  std::optional<std::string_view> body;
};

Record to_record(const RecordView& view);

// The bytes that size limits speak of: all fields, without the store's or the broker's own overhead.
std::size_t size_of(const Record& record);
std::size_t size_of(const RecordView& record);

// The last value of that name, as the article's consumers read headers; nothing when absent or null.
std::optional<std::string_view> last_header(std::span<const HeaderView> headers, std::string_view name);

// Where a record stands in its topic. -1 where a transport has no such thing (rabbitmq).
struct Position {
  std::int32_t partition = -1;
  std::int64_t offset = -1;

  friend auto operator<=>(const Position&, const Position&) = default;
};

}  // namespace tidings::transport

#pragma GCC visibility pop
