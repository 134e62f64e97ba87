#include "service/shell/drain_watchdog.hpp"

#include <utility>

namespace tidings::service {

DrainWatchdog::DrainWatchdog(std::shared_ptr<Executor> executor, Expired expired)
    : executor_{std::move(executor)}, expired_{std::move(expired)}, changed_{executor_->condition()} {}

DrainWatchdog::~DrainWatchdog() {
  {
    const std::lock_guard lock{mutex_};
    over_ = true;
    changed_->notify_all();
  }
  thread_.reset();
}

void DrainWatchdog::arm(Time deadline) {
  const std::lock_guard lock{mutex_};
  left_.emplace(*executor_, deadline);
  changed_->notify_all();
  if (!thread_) thread_ = executor_->spawn("drain-watch", [this] { watch(); });
}

void DrainWatchdog::waiting_for(std::string what) {
  const std::lock_guard lock{mutex_};
  waiting_for_ = std::move(what);
}

void DrainWatchdog::watch() {
  std::string what;
  {
    std::unique_lock lock{mutex_};
    while (!over_ && !left_->over()) changed_->wait_until(lock, left_->end());
    if (over_) return;
    what = waiting_for_;
  }
  expired_(what);
}

}  // namespace tidings::service
