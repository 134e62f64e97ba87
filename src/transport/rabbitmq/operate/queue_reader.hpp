// Looks at the messages of a queue without taking them: each goes back to its place, but those that are to be removed.
// One looks at a queue at a time: the others wait.
//
// Threads: pure functions of a link. Blocks: kReadWithin at most, from one message to the next.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "transport/rabbitmq/format/message.hpp"
#include "transport/rabbitmq/link/link.hpp"

namespace tidings::rabbitmq {

enum class Then { keep, remove, stop };

// Visits those that are there when it begins, oldest first: none, where there is no such queue. invalid: the user may
// not read it. unavailable: somebody else
// looks at it, or the connection is gone.
Result<void> read_queue(Link& link, Channel channel, Executor& executor, const std::string& queue,
                        const std::function<Then(const Message&)>& visit);
// The time of the first of them; none: nothing is there now, or somebody else consumes the queue. `prefetch`: as many
// as whoever had it last may have given back (queue_sharing.hpp).
Result<std::optional<Time>> first_in_queue(Link& link, Channel channel, Executor& executor, const std::string& queue,
                                           std::uint16_t prefetch);

}  // namespace tidings::rabbitmq
