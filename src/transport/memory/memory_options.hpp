// What a memory deployment may hold and how it shares it out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "tidings/names.hpp"
#include "tidings/result.hpp"
#include "tidings/transport/url.hpp"

namespace tidings::memory {

struct MemoryOptions {
  std::size_t records_max = 1'000'000;  // kept; settled ones make room, then publishes are `overloaded`
  std::size_t bytes_max = 256u << 20;   // likewise
  std::int32_t partitions = 16;         // of a topic that names no number; 1 to kPartitionsMax
  // How long an owner has to give a partition up, as brokers say; none: until nothing of it is in flight.
  std::optional<Duration> revoke_within;
  // A longer strict hold of a key becomes relaxed, as with brokers that redeliver after a time; none: no bound.
  std::optional<Duration> strict_hold_max;
  // False: what a handler publishes is published before the settlement, by itself, as a broker without transactions
  // does.
  bool transactional = true;
  // 0: there is a running board. Otherwise none: all that was in flight of a process that crashed is suspect, and no
  // more than that is in flight of a consumer.
  std::size_t suspect_window = 0;
};

inline constexpr std::int32_t kPartitionsMax = 1'024;
inline constexpr std::size_t kTopicsMax = 10'000;
inline constexpr std::size_t kNameMax = 200;  // bytes of a topic, group or pattern
inline constexpr std::size_t kControlRecordsMax = 100'000;

// `memory:` or `memory:NAME`, with options. invalid: what it does not know.
Result<MemoryOptions> memory_options(const transport::Url& url);

// For messages and --help.
std::string describe_memory();

}  // namespace tidings::memory
