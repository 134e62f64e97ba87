// Where a retry waits: queues of a subscription, each for one length of time, so that a short wait is never behind a
// long one. Who waits for something between takes several steps.
//
// Threads: pure functions.
#pragma once

#include <array>
#include <chrono>
#include <optional>

#include "tidings/names.hpp"

namespace tidings::rabbitmq {

inline constexpr std::array<std::chrono::milliseconds, 10> kRetrySteps{
    std::chrono::seconds{1},     std::chrono::seconds{2},    std::chrono::seconds{5},   std::chrono::seconds{10},
    std::chrono::seconds{30},    std::chrono::seconds{60},   std::chrono::seconds{300}, std::chrono::seconds{600},
    std::chrono::seconds{1'800}, std::chrono::seconds{3'600}};

// The longest step that is not longer than what is left. None: less than the shortest is left, and it waits here.
inline std::optional<std::chrono::milliseconds> retry_step(std::optional<Time> due, Time now) {
  std::optional<std::chrono::milliseconds> step;
  for (const auto length : kRetrySteps) {
    if (due && now + length <= *due) step = length;
  }
  return step;
}

}  // namespace tidings::rabbitmq
