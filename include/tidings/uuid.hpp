// Identities of events, as UUID text (36 characters, lower case).
//
// Wire: docs/wire.md, "Ids"; ADR 0003.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tidings/executor.hpp"

#pragma GCC visibility push(default)

namespace tidings {

// A UUIDv7: by time, each greater than all that this process made before (in a simulation: that this executor made),
// also when the clock is set back. Any thread; never blocks.
std::string new_id(Executor& executor);

// What the id of an event is derived from that a handler publishes (promise P7): a handler that runs again gives its
// events the same ids.
struct DerivedFrom {
  std::string_view event_id;            // of the event that is handled
  std::string_view subscription;        // the group and what it reads, as the service names it
  std::string_view type;                // of the published event; only its words count
  std::optional<std::string_view> key;  // of the published event
  std::uint64_t ordinal = 0;            // among those of this type and key, from 0
  std::string_view replay;              // id of a range replay with `--again`; empty: live
};

// UUIDv8: the first 122 bits of a SHA-256.
std::string derived_id(const DerivedFrom& from);

// The id of a foreign event that brought none, from where it stands (promise P6). UUIDv8.
std::string position_id(std::string_view topic, std::int32_t partition, std::int64_t offset);

}  // namespace tidings

#pragma GCC visibility pop
