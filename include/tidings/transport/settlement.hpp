// Deliveries and what becomes of them.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tidings/result.hpp"
#include "tidings/transport/record.hpp"

#pragma GCC visibility push(default)

namespace tidings::transport {

// strict: a waiting retry holds back its key. relaxed: later events of the key may pass it.
enum class RetryOrder { strict, relaxed };

// The unit of ownership within a subscription. One partition has one owner at a time.
struct PartitionId {
  std::string topic;
  std::int32_t partition = -1;

  friend auto operator<=>(const PartitionId&, const PartitionId&) = default;
};

// How often an event was tried in this subscription, durable across crashes and hand-overs (promise P5).
struct Attempts {
  int failed = 0;                    // handler runs that returned an error or threw
  int crashes = 0;                   // marks (Outcome Mark) that no settlement followed
  std::optional<Time> due;           // of a waiting retry; in the past or unset: run now
  std::optional<Time> first_failed;  // when `failed` became 1
  std::string last_error;            // at most kErrorTextMax bytes

  friend bool operator==(const Attempts&, const Attempts&) = default;
};

inline constexpr std::size_t kErrorTextMax = 2'000;

// One attempt to hand one record to one subscription. It stays with the consumer until it is settled by a final
// outcome, or until its partition is lost.
struct Delivery {
  std::uint64_t token = 0;  // the driver's name for it, never 0; no two in flight of one Consumer share it
  PartitionId partition;    // that it belongs to here: notices and flow speak of it, its record may stand elsewhere
  RecordView record;
  Position position;  // of the record in its topic
  Attempts attempts;
  bool suspect = false;   // was, or may have been, in a handler when its owner died: run alone, after a Mark
  std::string replay_id;  // set by a range replay with `again`: the inbox counts (event id, replay id) as one
  int replays = 0;        // how often an operator replayed it, as a dead letter or with a range
  std::shared_ptr<const void> memory;  // keeps `record` valid
};

// Final: the handler is done with it.
struct Accept {};
// Not final for strict: count and due time are durable, the delivery stays with the consumer, which runs it again at
// `due` and settles it anew; a next owner gets it with these Attempts. For relaxed the transport takes it and
// delivers it again, not before `due`.
struct Retry {
  RetryOrder order = RetryOrder::strict;
  Attempts attempts;  // `due` is set
};
// Final: into the dead letters of this subscription, durably, before it counts as settled.
struct Bury {
  std::string reason;  // a pipeline::Reason's name
  std::string error;   // at most kErrorTextMax bytes
  Attempts attempts;
};
// Ends this attempt, charged nothing: the delivery is offered again, here or elsewhere, before later ones of its key,
// when its partition flows.
struct Release {};
// Final: not for this subscription's handlers (`filtered`, `unhandled`, `duplicate`).
struct Skip {
  std::string reason;
};
// Not final: "about to run it", durable. When the owner dies before it settles otherwise, `crashes` is this much; where
// there is a running board, only if the delivery stood on it (a death after the handler returned is hardly its doing),
// or if that happened many times (local: 8).
struct Mark {
  int crashes = 1;
};

using Outcome = std::variant<Accept, Retry, Bury, Release, Skip, Mark>;

struct Settlement {
  std::uint64_t token = 0;
  Outcome outcome;
  // What the handler published: with Accept only. Where Capabilities::transactional, it and the settlement happen
  // together or not at all; elsewhere it is confirmed before the delivery is acknowledged.
  std::vector<Record> publishes;
};

}  // namespace tidings::transport

#pragma GCC visibility pop
