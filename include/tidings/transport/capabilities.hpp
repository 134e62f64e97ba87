// Facts about a transport, for the pipeline and the conformance suite. The pipeline fills a gap, or start-up fails with
// a clear error.
#pragma once

#include <optional>
#include <string_view>

#include "tidings/names.hpp"
#include "tidings/profile.hpp"

#pragma GCC visibility push(default)

namespace tidings::transport {

using tidings::Profile;

struct Capabilities {
  std::string_view scheme;
  Profile profile = Profile::kafka;
  std::size_t record_bytes_max = 1u << 20;            // size_of(record); larger is refused as `invalid`
  Duration time_unit = std::chrono::microseconds{1};  // a record's time is kept that exactly
  bool stamps_time = false;                           // a record without a time gets that of its publishing
  bool transactional = false;                         // a settlement and what its handler published are one step
  bool stable_positions = true;                       // Position identifies a record for ever
  bool keeps_for_later = true;                        // what was published before a group first joined is there for it
  bool keeps_unsettled = true;    // retention can spare what a group has not settled (Unsettled::keep)
  bool refuses_when_full = true;  // a full deployment refuses publishes; otherwise its disk and retention bound it (P9)
  bool named_queues = false;      // SubscriptionSpec::queue: it reads a queue that others named
  bool running_board = false;     // Consumer::running() is there
  std::size_t suspect_window = 0;           // otherwise: how many deliveries an unclean end makes suspect at most
  std::optional<Duration> strict_hold_max;  // a longer strict hold becomes relaxed, counted; none: no bound
  Duration retry_late_max = std::chrono::milliseconds{50};  // how late a retry may come, besides `retry_late_share`
  double retry_late_share = 0;                              // of the delay
  Duration takeover_max = std::chrono::seconds{2};          // from the death of an owner to the redelivery elsewhere
  // How long a hand-over waits for what its owner has in flight; none: for as long as the owner lives (P4).
  std::optional<Duration> revoke_max;
  Duration discovery_max = std::chrono::seconds{10};  // from a topic's declaration to its first delivery by pattern
};

}  // namespace tidings::transport

#pragma GCC visibility pop
