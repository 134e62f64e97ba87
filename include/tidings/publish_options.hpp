// What a publisher may say about an event besides its data.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "tidings/names.hpp"

#pragma GCC visibility push(default)

namespace tidings {

// All fields are optional.
struct PublishOptions {
  std::string id;            // default: UUIDv7; inside a handler derived from the handled event (P7)
  std::string key;           // default: the aggregate id; inside a handler, without one here, that of the handled event
  std::string aggregate_id;  // default: inside a handler that of the handled event
  std::string correlation_id;  // default: inside a handler that of the handled event; elsewhere a new one
  std::optional<Time> time;    // default: now
  std::map<std::string, std::string> metadata;
};

}  // namespace tidings

#pragma GCC visibility pop
