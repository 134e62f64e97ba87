// Something happened that a waiting thread should look at.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "tidings/executor.hpp"

namespace tidings::detail {

class Signal final {
 public:
  explicit Signal(std::shared_ptr<Executor> executor)
      : executor_{std::move(executor)}, raised_{executor_->condition()} {}

  void raise() {
    const std::lock_guard lock{mutex_};
    ++count_;
    raised_->notify_all();
  }

  // What wait() compares with: take it before looking, so that nothing that is raised meanwhile is missed.
  std::uint64_t count() {
    const std::lock_guard lock{mutex_};
    return count_;
  }

  // Waits until it was raised after `seen`, at the latest until `deadline`.
  void wait(std::uint64_t seen, Time deadline) {
    std::unique_lock lock{mutex_};
    raised_->wait_until(lock, deadline, *executor_, [&] { return count_ != seen; });
  }

 private:
  const std::shared_ptr<Executor> executor_;
  const std::unique_ptr<Condition> raised_;
  std::mutex mutex_;
  std::uint64_t count_ = 0;
};

}  // namespace tidings::detail
