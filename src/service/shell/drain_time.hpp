// How long a drain may take, and what comes behind it. It begins when it is made; nobody who sets the clock moves it.
//
// Threads: a value.
#pragma once

#include <algorithm>

#include "base/countdown.hpp"
#include "tidings/transport/transport.hpp"

namespace tidings::service {

// What a drain may take beyond its deadline: handlers that were told to stop, and the last log lines, have a part of
// it.
inline constexpr Duration kDrainGrace = std::chrono::seconds{2};

class DrainTime final {
 public:
  DrainTime(const Executor& executor, Duration within)
      : executor_{&executor},
        left_{executor, executor.now() + within},
        last_{executor, left_.end() + transport::kCloseWithin + kDrainGrace} {}

  const Countdown& left() const { return left_; }
  // When the process ends if it still drains.
  Time expires() const { return left_.end() + kDrainGrace; }
  // When it ends if all is settled, now, and something does not close: a store that is closed well is worth its time,
  // but none beyond what a supervisor is told to wait.
  Time close_expires() const {
    return std::min(last_.end(), std::max(left_.end(), executor_->now() + transport::kCloseWithin) + kDrainGrace);
  }

 private:
  const Executor* executor_;
  Countdown left_;
  Countdown last_;
};

}  // namespace tidings::service
