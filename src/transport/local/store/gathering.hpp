// How long a commit waits for more changes before it begins.
//
// Where many publish one event after another, each waiting for its confirmation, whom a commit answered comes back with
// the next event at once, yet too late for the commit that begins at once: half of them would be in every commit, the
// others on their way. A commit of all of them takes hardly longer than one of half.
//
// Threads: a value.
#pragma once

#include <algorithm>
#include <cstddef>

#include "transport/local/storage/limits.hpp"

namespace tidings::local {

class Gathering final {
 public:
  // A commit began and ended then (Executor::uptime()), answered so many, and so many wait already.
  void committed(Duration began, Duration ended, std::size_t answered, std::size_t waiting) {
    const bool many = answered >= kGatherFrom;
    wanted_ = many ? std::min(answered + waiting, kCommitOpsMax) : 1;
    until_ = many ? ended + std::min((ended - began) / 2, kGatherWithinMax) : Duration{};
  }

  // The next commit begins when so many wait, at the latest then.
  std::size_t wanted() const { return wanted_; }
  Duration until() const { return until_; }

 private:
  std::size_t wanted_ = 1;
  Duration until_{};
};

}  // namespace tidings::local
