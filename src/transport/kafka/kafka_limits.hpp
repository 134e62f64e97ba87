// Named limits and defaults of the Kafka driver; docs/limits.md says what happens at each.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "tidings/names.hpp"

namespace tidings::kafka {

// A record's fields by size_of(): a broker takes batches of 1 MiB where nothing else was set.
inline constexpr std::size_t kRecordBytesMax = 1'000'000;
// Of a message with what we add to copies; topics that we make for copies take this much.
inline constexpr std::size_t kMessageBytesMax = 2u << 20;

inline constexpr std::int32_t kPartitionsMax = 1'000;  // of a topic that we create
inline constexpr std::size_t kTopicNameMax = 249;      // Kafka's own, with prefix and ending

inline constexpr std::size_t kControlRecordsMax = 100'000;  // that one process keeps of the control topic

// How long a request to the cluster may take, where nobody gave a deadline.
inline constexpr Duration kRequestWithin = std::chrono::seconds{20};

}  // namespace tidings::kafka
