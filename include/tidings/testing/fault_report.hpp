// What Harness::run_with_faults found: handlers that do not stand it that an event comes twice, as at-least-once says.
//
// Threads: values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#pragma GCC visibility push(default)

namespace tidings::testing {

inline constexpr std::size_t kLossesMax = 1'000;       // settlements that one run loses
inline constexpr std::size_t kFindingsMax = 100;       // that one report lists
inline constexpr std::size_t kFindingTextMax = 2'000;  // bytes of each text of a finding

// One thing that is wrong, and with which handling of which event.
struct FaultFinding {
  enum class Kind {
    state,      // the event came again, and handling it changed what the service stores
    outputs,    // the event came again, and its handler published something else
    buried,     // it was handled well, came again, and became a dead letter
    unsettled,  // not everything was settled within the time: a handler hangs, or waits for longer
  };
  Kind kind = Kind::state;
  std::uint64_t seed = 0;    // run_with_faults(seed) finds it again
  std::string group;         // these are empty for `unsettled`
  std::string subscription;  // the topic or the pattern
  std::string handler;       // as logs name it: `on<OrderCreated>`
  std::string event_id;      // of a batch, of the first of its events
  std::string key;
  // What differs, each cut to kFindingTextMax. state: the snapshot before and after the second run, from the first line
  // on that is not the same. outputs: what the first and the second run published, a line an event. buried and
  // unsettled: nothing, and the reason.
  std::string first;
  std::string second;

  // For people, several lines.
  std::string text() const;
};

struct FaultReport {
  std::uint64_t seed = 0;
  std::vector<FaultFinding> findings;  // in the order in which they were found; at most kFindingsMax
  std::size_t findings_left_out = 0;   // beyond those
  std::size_t losses = 0;              // settlements that were lost: so often an event came again
  std::size_t compared = 0;            // second runs of a handler that were compared with its first
  // Second runs that could not be compared: another event of the key, or the rest of a batch, was handled in between.
  std::size_t not_compared = 0;
  std::size_t without_fault = 0;  // handled once only, because kLossesMax was reached

  bool clean() const { return findings.empty(); }
  // For people: the counts, and every finding.
  std::string text() const;
};

std::string_view to_string(FaultFinding::Kind kind);

// text(), for the messages of test frameworks.
std::ostream& operator<<(std::ostream& stream, const FaultFinding& finding);
std::ostream& operator<<(std::ostream& stream, const FaultReport& report);

}  // namespace tidings::testing

#pragma GCC visibility pop
