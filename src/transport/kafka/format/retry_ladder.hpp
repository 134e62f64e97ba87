// Where a retry waits: partitions of a subscription's retry topic, each for one length of time, so that a short wait is
// never behind a long one. Who waits longer than the longest, or for something between, takes several steps.
//
// Threads: pure functions.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "tidings/names.hpp"

namespace tidings::kafka {

// Partition i of a retry topic is that of step i. The first is for what is due at once, or within a second.
inline constexpr std::array<std::chrono::seconds, 7> kRetrySteps{
    std::chrono::seconds{0},   std::chrono::seconds{1},   std::chrono::seconds{5},    std::chrono::seconds{30},
    std::chrono::seconds{120}, std::chrono::seconds{600}, std::chrono::seconds{3'600}};

// The longest step that is not longer than what is left.
std::int32_t retry_partition(std::optional<Time> due, Time now);

// When what was stored there then has waited long enough: to be handled, or for its next step.
Time step_ends(std::int32_t partition, std::optional<Time> stored, std::optional<Time> due);

}  // namespace tidings::kafka
