// How fast the user's own transport takes events, hands them out, and how soon: `tidings bench`.
//
// Publishes events of its own to a topic of its own, and reads them as a group of its own, which it removes at the end.
//
// Threads: one. Blocks: until all is measured.
#pragma once

#include <boost/describe.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "tidings/executor.hpp"
#include "tidings/transport/transport.hpp"

namespace tidings::operate {

inline constexpr std::string_view kSpeedTopic = "tidings-bench";  // made as that of a command: no pattern reads it
// How long its events are kept there, where a transport keeps what is settled: they are of no use.
inline constexpr Duration kSpeedKept = std::chrono::minutes{1};
// Without a confirmation, an event or an answer for so long, it gives up.
inline constexpr Duration kSpeedWithin = std::chrono::seconds{30};
// So long events go one by one: on Kafka each is settled only with the next commit.
inline constexpr Duration kSpeedAloneFor = std::chrono::seconds{10};
// Batches that are sent and not confirmed.
inline constexpr std::size_t kSpeedBatchesOpen = 10;

struct SpeedPlan {
  std::string topic{kSpeedTopic};  // made where it is missing
  std::size_t events = 100'000;    // 1..10,000,000
  std::size_t bytes = 512;         // of a body; 2..kSpeedBytesMax
  std::size_t batch = 100;         // records sent by one call; 1..kSpeedBatchMax
  std::size_t one_by_one = 200;    // events whose way is timed, each alone, within kSpeedAloneFor; 0..10,000
};
inline constexpr std::size_t kSpeedBytesMax = 512u << 10;
inline constexpr std::size_t kSpeedBatchMax = 5'000;

struct SpeedReport {
  std::string topic;
  std::uint64_t events = 0;
  std::uint64_t bytes = 0;
  std::uint64_t batch = 0;
  double published_per_second = 0;  // from the first that is sent to the last that is confirmed
  double consumed_per_second = 0;   // from the first that is received to the last that is durably settled
  std::uint64_t one_by_one = 0;     // of so many events is the latency
  double latency_median_ms = 0;     // from publishing one to receiving it, nothing else under way; 0: not measured
  double latency_p99_ms = 0;
};
BOOST_DESCRIBE_STRUCT(SpeedReport, (),
                      (topic, events, bytes, batch, published_per_second, consumed_per_second, one_by_one,
                       latency_median_ms, latency_p99_ms))

// `doing` (`publishing`, `consuming`, `one by one`) is at `done` of `all`. False: stop.
using SpeedProgress = std::function<bool(std::string_view doing, std::size_t done, std::size_t all)>;

// Errors: invalid: the plan, or a topic that is missing and may not be made. Else what the transport says, or
// unavailable: stopped, or nothing came for kSpeedWithin. The group is removed in any case, as far as the transport
// can.
Result<SpeedReport> measure_speed(transport::Transport& transport, Executor& executor, const SpeedPlan& plan,
                                  const SpeedProgress& progress);

}  // namespace tidings::operate
