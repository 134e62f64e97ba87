// The pipeline's decisions, each a pure function: what comes in, what is known, what becomes of it.
//
// Time and randomness are arguments. The order of the stages is fixed (docs/adr/0004-pipeline-order.md): settle, trace
// and metrics, dead letter, quarantine, decode, retry, timeout, inbox, wraps, handler.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tidings/decision.hpp"
#include "tidings/retry.hpp"
#include "tidings/transport/capabilities.hpp"
#include "tidings/transport/settlement.hpp"

namespace tidings::pipeline {

// An outcome with its reason, for settlement and Decision alike.
struct Verdict {
  Step step = Step::accepted;
  Reason reason = Reason::none;
  transport::Outcome outcome = transport::Accept{};
  std::optional<Error> error;
};

// Whether its delivery stays with the consumer, and its lane waits for it.
inline bool holds(const Verdict& verdict) {
  const auto* retry = std::get_if<transport::Retry>(&verdict.outcome);
  return retry != nullptr && retry->order == RetryOrder::strict;
}

// Limits of a subscription that do not depend on the handler.
struct Rules {
  std::size_t record_bytes_max = 1u << 20;
  int crash_attempts_max = 3;
  Unwanted unhandled = Unwanted::skip;
  Unwanted require_id = Unwanted::skip;
  RetryOrder order = RetryOrder::strict;
  std::optional<Duration> strict_hold_max;  // of the transport
};

// Stage quarantine, before any decoding: by size and counts alone. Nothing: go on.
std::optional<Verdict> before_decode(const transport::Delivery& delivery, const Rules& rules);

// A body that is no event of its type: a dead letter, bytes unchanged, never retried.
Verdict undecodable(const transport::Delivery& delivery, const Error& error);

// A type that no handler here takes.
Verdict unhandled(const transport::Delivery& delivery, std::string_view type, const Rules& rules);

// An event without an id where one is required (P6).
Verdict without_id(const transport::Delivery& delivery);

// Not for a handler here.
Verdict skip(Reason reason);

// A type outside the subscription's pattern.
Verdict filtered();

// Whether a subscription with that pattern reads events of the type. No pattern: it reads all of its topic.
bool reads(std::string_view pattern, std::string_view type);

// The inbox knows it; its unconfirmed outputs go out with the settlement.
Verdict duplicate();

// The inbox knows the id with other data.
Verdict conflicting(const transport::Delivery& delivery, std::string_view event_id);

// What failed when a handler run ended badly.
struct Failure {
  Error error;
  bool timed_out = false;  // on_timeout = fail
};

// The attempts after a run that failed.
transport::Attempts charged(transport::Attempts attempts, const Error& error, Time now);

// Given up: a dead letter.
Verdict bury(transport::Attempts attempts, Reason reason, Error error);

// Again at `due`, in the order of the rules; relaxed where the transport cannot hold the key that long.
Verdict retry(transport::Attempts charged, const Error& error, Time due, const Rules& rules, Time now);

// Stage retry: again later, or a dead letter. `random` is uniform over 64 bits.
Verdict after_failure(const transport::Delivery& delivery, const Failure& failure, const RetryPolicy& policy,
                      const Rules& rules, Time now, std::uint64_t random);

// The delay before the run after `failed` failures (>= 1), jitter included.
Duration backoff(const RetryPolicy& policy, int failed, std::uint64_t random);

// The mark of a suspect that is about to run alone.
transport::Mark mark(const transport::Delivery& delivery);

}  // namespace tidings::pipeline
