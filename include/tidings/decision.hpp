// What the pipeline decided about one delivery. Logs, metrics, traces, trail and diagnosis are consumers of decisions,
// and nothing else hooks in.
//
// Threads: values; observers are called by many, see Observer.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "tidings/names.hpp"
#include "tidings/result.hpp"
#include "tidings/transport/record.hpp"

#pragma GCC visibility push(default)

namespace tidings {

enum class Step {
  accepted,      // the handler succeeded, and that is durable
  retrying,      // it failed and will run again at `due`
  buried,        // it is a dead letter now
  skipped,       // not for a handler here: see `reason`
  released,      // given back, charged nothing
  timed_out,     // the handler is past its limit; it still runs
  marked,        // a suspect is about to run alone
  held_back,     // a partition waits because too much of it waits behind retries
  refused,       // a settlement was refused: the delivery is not ours any more
  unsettled,     // the transport refused the settlement for good, see `error`; its next owner gets the event again
  conflicted,    // the same event id with other data (inbox); the burial follows
  relaxed_hold,  // a strict hold longer than the transport can keep became relaxed
  published,     // an event of ours is confirmed (in a handler: with the settlement); `topic` says where
  unpublished,   // the transport refused an event of ours, see `error`
};
std::string_view to_string(Step step);

// Why an event is a dead letter or was skipped; the names stand in dead letters, metrics and logs.
enum class Reason {
  none,
  failed,       // attempts exhausted
  rejected,     // an error of a kind that is not retried
  undecodable,  // the bytes are no event of the type they claim
  unhandled,    // no handler for the type here
  filtered,     // outside the subscription's pattern
  duplicate,    // the inbox knows it
  conflict,     // the inbox knows its id with other data
  crashed,      // crash_attempts_max reached (P5)
  too_large,
  no_id,
  timed_out,  // on_timeout = fail, attempts exhausted
};
std::string_view to_string(Reason reason);

// References are valid during the call only.
struct Decision {
  Step step = Step::accepted;
  Reason reason = Reason::none;
  std::string_view service;
  std::string_view group;
  std::string_view subscription;  // topic or pattern
  std::string_view topic;
  transport::Position position;  // of the record in its topic
  std::string_view event_id;
  std::string_view type;
  std::string_view key;
  std::string_view correlation_id;
  int attempt = 0;  // handler runs so far, this one included
  int crashes = 0;
  std::optional<Time> due;
  const Error* error = nullptr;
  Time at{};
  std::optional<Time> event_time;
  Duration took{};  // of the handler
};

// Called by the thread that decided, never under a lock; must be short and must not block.
using Observer = std::function<void(const Decision&)>;

}  // namespace tidings

#pragma GCC visibility pop
