// Ends what does not end: calls for help when a drain, and the closing behind it, is not over by its deadline.
//
// Owns:    a thread, from arm() on.
// Threads: arm() and waiting_for() by any. `expired` runs on the watchdog's thread, once at most, and may not
// return.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/countdown.hpp"

namespace tidings::service {

class DrainWatchdog final {
 public:
  using Expired = std::function<void(std::string_view waiting_for)>;

  DrainWatchdog(std::shared_ptr<Executor> executor, Expired expired);
  ~DrainWatchdog();  // it was over in time
  DrainWatchdog(const DrainWatchdog&) = delete;
  DrainWatchdog& operator=(const DrainWatchdog&) = delete;

  // From now on, or instead of the deadline that it had.
  void arm(Time deadline);
  // What is waited for from now on.
  void waiting_for(std::string what);

 private:
  void watch();

  const std::shared_ptr<Executor> executor_;
  const Expired expired_;
  std::mutex mutex_;
  const std::unique_ptr<Condition> changed_;
  std::string waiting_for_;
  std::optional<Countdown> left_;  // also where the clock is set meanwhile
  bool over_ = false;
  std::unique_ptr<Thread> thread_;
};

}  // namespace tidings::service
