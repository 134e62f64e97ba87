// Named limits and defaults of the RabbitMQ driver; docs/limits.md says what happens at each.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "tidings/names.hpp"

namespace tidings::rabbitmq {

// A record's fields by size_of().
inline constexpr std::size_t kRecordBytesMax = 1'000'000;
inline constexpr std::size_t kNameMax = 255;  // AMQP's own, of a queue, an exchange or a routing key

inline constexpr Duration kConnectWithin = std::chrono::seconds{5};  // one server, before the next is tried
inline constexpr Duration kReachWithin = std::chrono::seconds{20};   // any, when a transport is opened
inline constexpr Duration kRequestWithin = std::chrono::seconds{20};
inline constexpr Duration kWriteWithin =
    std::chrono::seconds{5};  // the next piece of what was begun, before the connection counts as lost
inline constexpr Duration kPartWithin = std::chrono::seconds{1};          // the answer to who closes a connection
inline constexpr Duration kEndWithin = std::chrono::seconds{2};           // a thread, before its connection is broken
inline constexpr Duration kLookWithin = std::chrono::seconds{2};          // whether another member is there
inline constexpr Duration kReopenPause = std::chrono::milliseconds{100};  // doubles up to:
inline constexpr Duration kReopenPauseMax = std::chrono::seconds{2};
// A message that the server refuses is sent again on other connections, for so long; how soon; and how long the others
// that are on their way may take before.
inline constexpr Duration kRefusedFor = std::chrono::seconds{10};
inline constexpr Duration kRenewPause = std::chrono::milliseconds{200};
inline constexpr Duration kRenewWithin = std::chrono::seconds{1};
inline constexpr int kFrameBytesMax = 131'072;
// A record without its body, which must fit in a frame with what we note of it.
inline constexpr std::size_t kPropertiesBytesMax = kFrameBytesMax - 16'384;
inline constexpr std::size_t kWriteBytes = 16'384;  // of records that go in one write, or one record

inline constexpr Duration kReadWithin =
    std::chrono::seconds{2};  // the next message of a queue that an operator looks at
inline constexpr Duration kPeekWithin = std::chrono::milliseconds{200};  // at the first of a queue that nobody has
inline constexpr Duration kGatherWithin = std::chrono::milliseconds{1};  // settled ones, before they are acknowledged
inline constexpr Duration kHopPause = std::chrono::milliseconds{200};    // of a retry that was refused its next step
inline constexpr Duration kAskWithin = std::chrono::seconds{2};          // members, what they have
inline constexpr Duration kPassWithin = std::chrono::milliseconds{50};   // from one queue to another
// Members of a subscription: how often one looks for the next one, how long one that lost its connection with all
// others has time to come back, how soon changes are acted on, and how long one that leaves says so.
inline constexpr Duration kLookEvery = std::chrono::milliseconds{500};
inline constexpr Duration kReturnWithin = std::chrono::seconds{3};
inline constexpr Duration kShareEvery = std::chrono::milliseconds{20};
inline constexpr Duration kLeaveWithin = std::chrono::seconds{5};
inline constexpr std::size_t kBoardSuspectsMax = 1'024;  // that a member may have at a time; beyond, it has no board
inline constexpr std::uint16_t kChannelMax = 2'000;      // of a connection; a server allows 2,047
inline constexpr std::chrono::milliseconds kBroadcastExpires = std::chrono::minutes{30};  // without its instance
// Instances of a broadcast that are gone, of which one that joins erases what was noted.
inline constexpr std::size_t kForgottenMax = 16;
inline constexpr Duration kTopicsKnownFor = std::chrono::seconds{10};  // by types, before a new one is looked for
inline constexpr std::int64_t kHistorySegmentBytesMax = 16'000'000;    // of a topic's stream: it is removed by segments
inline constexpr std::size_t kWindowMax = 1'024;  // messages that are sent and not confirmed, of one connection

// Control: a stream, of which the server removes the oldest segments. Live records are sent again when a quarter of it
// was written since, so that they never fall out.
inline constexpr std::int64_t kControlBytesMax = 64 << 20;
inline constexpr std::int64_t kControlSegmentBytesMax = 4 << 20;
inline constexpr std::size_t kControlLiveShare = 8;  // records that are there may have that part of it
inline constexpr std::uint16_t kStreamPrefetch = 1'000;
inline constexpr std::size_t kPutTokensMax = 32'768;                 // by which one that was sent again is known
inline constexpr Duration kBlockedWithin = std::chrono::seconds{2};  // a put, while the server takes no messages
inline constexpr Duration kUnreadMax = std::chrono::seconds{5};      // a confirmed barrier, before all is read anew

}  // namespace tidings::rabbitmq
