// Reads a topic without being one of its groups.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "tidings/codec.hpp"
#include "tidings/executor.hpp"
#include "tidings/transport/transport.hpp"

namespace tidings::operate {

enum class Follow { no, yes };

struct TailRequest {
  Topic topic;
  std::optional<Time> from;  // published at or after; none: the beginning
  std::optional<std::uint64_t> limit;
  Follow follow = Follow::no;
  std::string type;  // these three: empty takes all
  std::optional<Key> key;
  std::string correlation_id;
};

// One event as it was found. `error` is set where the bytes are no event; then the envelope holds what the record's
// own fields say, and the record is all there is.
struct TailEvent {
  const transport::HistoryEntry& entry;
  Envelope envelope;
  RawJson data;
  std::optional<Error> error;
};

struct TailPorts {
  std::function<bool(const TailEvent&)> visit;  // false: enough
  std::function<bool()> stop = [] { return false; };
};

// Visits what the request takes, oldest first; with `follow` until it is stopped. What cannot be decoded is visited
// too, unless its record names another type, key or correlation id than the one asked for. invalid: no such topic.
// unsupported: the transport keeps no history.
Result<void> tail(transport::Transport& transport, Executor& executor, const TailRequest& request,
                  const TailPorts& ports);

// The envelope in the Kafka profile, with `topic`, `partition` and `position`. What is no event: the record's fields,
// `body` or `bodyBase64`, `error` and `kind`.
std::string json_of(const TailEvent& event);

// Envelope and data of a record, from its fields and its body. Also what a dead letter is shown by.
struct Decoded {
  Envelope envelope;
  RawJson data;
  std::optional<Error> error;
};
Decoded decode_record(const transport::RecordView& record, Profile profile);

}  // namespace tidings::operate
