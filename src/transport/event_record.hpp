// Between an event and the record that carries it: which named fields and headers say what the envelope says.
//
// Wire:    docs/wire.md.
// Threads: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tidings/codec.hpp"
#include "tidings/event.hpp"
#include "tidings/transport/capabilities.hpp"
#include "tidings/transport/record.hpp"

namespace tidings::transport {

inline constexpr std::string_view kCausationHeader = "causationId";
inline constexpr std::string_view kVersionHeader = "version";  // rabbitmq profile only, as the article writes it

// One event to be written. The key is `key`, or else the aggregate id, or else none.
struct Outgoing {
  std::string_view topic;
  const Envelope& envelope;
  std::string_view key;  // empty: the aggregate id
  const Type& type;
  const void* data = nullptr;
};

// invalid: see Codec::encode.
Result<Record> to_record(const Outgoing& event, const Codec& codec, Profile profile);

// What the record says without its body: the start of Codec::peek and Codec::decode. The aggregate id is the key, since
// a body without one means that.
Envelope envelope_of(const RecordView& record);
// The same into one that is used again.
void read_envelope(const RecordView& record, Envelope& into);

}  // namespace tidings::transport
