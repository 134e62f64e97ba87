// How the keys of events are dealt to the queues of a subscription: each key has a slot, and each slot a queue. The
// slot stands in a header of its own, by which an exchange of type `headers` knows the queue.
//
// Wire:    docs/wire.md, "Keys and queues on RabbitMQ".
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "transport/rabbitmq/link/link.hpp"

namespace tidings::rabbitmq {

// As many queues as a subscription may have at most.
inline constexpr std::size_t kKeySlots = 256;

// What its name begins with: the number of the slot follows.
inline constexpr std::string_view kSlotHeader = "tidings-slot-";

// FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/), 64 bits, its halves one over the other.
std::size_t slot_of_key(std::string_view key);
// `tidings-slot-17`. Lives for ever.
std::string_view slot_header(std::size_t slot);
// Of one queue of so many: the slots that are its own.
Arguments slots_of_queue(std::size_t queue, std::size_t queues);

}  // namespace tidings::rabbitmq
