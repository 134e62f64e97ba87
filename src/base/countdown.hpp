// A deadline that does not move when the clock is set: so much time from its making on, however the clock stands then.
//
// Threads: a value.
#pragma once

#include <algorithm>

#include "tidings/executor.hpp"

namespace tidings {

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

}  // namespace tidings
