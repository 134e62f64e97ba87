// Where a retry waits: queues of a subscription, each for one length of time, so that a short wait is never behind a
// long one. Who waits for something between takes several steps.
//
// Threads: pure functions; RetrySteps: one at a time.
#pragma once

#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <utility>

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

// Which steps of a subscription can be taken. The shortest can: its queue is made when a member joins. The others' are
// made when the first retry wants them, and a server that is killed within seconds of that may have lost them, with
// what it had confirmed there: until then several shorter steps are taken.
class RetrySteps final {
 public:
  // The longest that can be taken and is not longer than what is left. One that would be, but for its queue, is wanted.
  std::chrono::milliseconds choose(std::optional<Time> due, Time now) {
    auto chosen = kRetrySteps.front();
    for (const auto length : kRetrySteps) {
      if (!due || now + length > *due) break;
      if (usable(length, now)) chosen = length;
    }
    return chosen;
  }
  std::set<std::chrono::milliseconds> take_wanted() { return std::exchange(wanted_, {}); }
  // Its queue is there. `since`: when it was made; none: before anybody can tell.
  void made(std::chrono::milliseconds step, std::optional<Time> since) {
    usable_from_[step] = since ? *since + kMadeForSure : Time{};
  }
  // They may be gone.
  void forget() { usable_from_.clear(); }

 private:
  static constexpr Duration kMadeForSure = std::chrono::seconds{6};  // RabbitMQ 3.10

  bool usable(std::chrono::milliseconds step, Time now) {
    if (step == kRetrySteps.front()) return true;
    const auto known = usable_from_.find(step);
    if (known == usable_from_.end()) wanted_.insert(step);
    return known != usable_from_.end() && known->second <= now;
  }

  std::map<std::chrono::milliseconds, Time> usable_from_;
  std::set<std::chrono::milliseconds> wanted_;
};

}  // namespace tidings::rabbitmq
