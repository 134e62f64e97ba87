// Moments that only grow, whatever the clock does.
//
// Threads: any, at once. Never blocks.
#pragma once

#include <algorithm>
#include <atomic>

#include "tidings/executor.hpp"

namespace tidings {

class Moments final {
 public:
  // The clock's, or one step after the last: of more than 4,096 in a millisecond some are ahead of the clock.
  Moment next(Time now) {
    const Moment clock = std::chrono::floor<Moment::duration>(now);
    Moment last = last_.load(std::memory_order_relaxed);
    Moment moment;
    do {
      moment = std::max(clock, last + Moment::duration{1});
    } while (!last_.compare_exchange_weak(last, moment, std::memory_order_relaxed));
    return moment;
  }

 private:
  std::atomic<Moment> last_{Moment{}};
};

}  // namespace tidings
