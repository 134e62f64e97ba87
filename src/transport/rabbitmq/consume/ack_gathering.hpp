// What is settled waits a moment for more: an acknowledgement costs the server as much for one as for many.
//
// Threads: one. Pure.
#pragma once

#include <cstddef>
#include <utility>

#include "transport/rabbitmq/link/rabbitmq_limits.hpp"

namespace tidings::rabbitmq {

class AckGathering final {
 public:
  // So many do not wait.
  explicit AckGathering(std::size_t enough) : enough_{enough} {}

  // Some of them must not wait: what was published before would, too.
  void hurry() { hurried_ = true; }
  // Whether so many that are settled wait still. When they do not, what is settled from then on waits anew.
  bool waits(std::size_t settled, Time now) {
    if (until_ == kNever) until_ = now + kGatherWithin;
    if (settled > 0 && settled < enough_ && !hurried_ && now < until_) return true;
    hurried_ = false;
    until_ = kNever;
    return false;
  }
  // When they are acknowledged at the latest; kNever: none waits.
  Time until() const { return until_; }

 private:
  const std::size_t enough_;
  Time until_ = kNever;
  bool hurried_ = false;
};

}  // namespace tidings::rabbitmq
