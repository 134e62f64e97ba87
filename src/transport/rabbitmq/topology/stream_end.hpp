// What is in a stream now.
//
// Threads: any. Blocks: until the deadline, or kRequestWithin at most.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "transport/rabbitmq/topology/broker.hpp"
#include "transport/rabbitmq/topology/stream_reader.hpp"

namespace tidings::rabbitmq {

// The offset of its last message. None: there is none.
Result<std::optional<std::uint64_t>> last_of_stream(Broker& broker, const std::string& stream, Time deadline);

struct StreamFacts {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;  // about: all as long as the first
  std::optional<Time> oldest = {};
};
Result<StreamFacts> facts_of_stream(const std::shared_ptr<Broker>& broker, const StreamSpec& stream);

}  // namespace tidings::rabbitmq
