// Numbers of a connection's channels, taken in turn: what was on its way to one that was closed may come still, so that
// its number is not used again soon.
//
// Threads: pure.
#pragma once

#include "transport/rabbitmq/link/link.hpp"
#include "transport/rabbitmq/link/rabbitmq_limits.hpp"

namespace tidings::rabbitmq {

// From `first` to kChannelMax, and again.
constexpr Channel channel_after(Channel last, Channel first) {
  return last < first || last >= kChannelMax ? first : static_cast<Channel>(last + 1);
}

}  // namespace tidings::rabbitmq
