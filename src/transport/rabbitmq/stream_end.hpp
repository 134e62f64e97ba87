// Where a stream ends now.
//
// Threads: any. Blocks: kRequestWithin at most.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "transport/rabbitmq/broker.hpp"

namespace tidings::rabbitmq {

// The offset of its last message. None: there is none.
Result<std::optional<std::uint64_t>> last_of_stream(Broker& broker, const std::string& stream);

}  // namespace tidings::rabbitmq
