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
  thread_ = executor_->spawn("drain-watch", [this, deadline] { watch(deadline); });
}

void DrainWatchdog::waiting_for(std::string what) {
  const std::lock_guard lock{mutex_};
  waiting_for_ = std::move(what);
}

void DrainWatchdog::watch(Time deadline) {
  std::string what;
  {
    std::unique_lock lock{mutex_};
    if (changed_->wait_until(lock, deadline, *executor_, [this] { return over_; })) return;
    what = waiting_for_;
  }
  expired_(what);
}

}  // namespace tidings::service
