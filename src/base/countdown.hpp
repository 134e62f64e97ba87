// Deadlines for who waits while somebody may set the clock.
//
// Threads: values.
#pragma once

#include <algorithm>
#include <mutex>

#include "tidings/executor.hpp"

namespace tidings {

// So much time from its making on, however the clock stands then.
class Countdown final {
 public:
  Countdown(const Executor& executor, Time deadline)
      : executor_{&executor}, never_{deadline >= kNever}, end_{never_ ? Duration::max() : end_of(executor, deadline)} {}

  bool over() const { return !never_ && executor_->uptime() >= end_; }
  // Its end by the clock as it stands now.
  Time end() const { return never_ ? kNever : executor_->now() + std::max(Duration{}, end_ - executor_->uptime()); }

 private:
  // A deadline that is long past is just over.
  static Duration end_of(const Executor& executor, Time deadline) {
    return executor.uptime() + std::max(Duration{}, deadline - executor.now());
  }

  const Executor* executor_;
  bool never_;
  Duration end_;
};

// A time at which something is due, for who waits for it in a loop: it is reached when the clock says so, or when as
// much time has passed as there was until then when this was made. Setting the clock back does not move it.
class Deadline final {
 public:
  Deadline(const Executor& executor, Time at) : executor_{&executor}, at_{at}, left_{executor, at} {}

  bool reached() const { return at_ < kNever && (left_.over() || executor_->now() >= at_); }
  // By the clock as it stands now.
  Time at() const { return std::min(at_, left_.end()); }

 private:
  const Executor* executor_;
  Time at_;
  Countdown left_;
};

// Waits on `changed` until `ready()`, at the latest until `left` is over, however the clock is set meanwhile; returns
// the last `ready()`, which runs under the lock. Condition::wait_until also ends when the clock is set past its
// deadline: that is for what is due at a moment.
template <class Ready>
bool wait_until(Condition& changed, std::unique_lock<std::mutex>& lock, const Countdown& left, Ready ready) {
  while (!ready()) {
    if (left.over()) return false;
    changed.wait_until(lock, left.end());
  }
  return true;
}

}  // namespace tidings
