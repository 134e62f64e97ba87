// Wakes one who waits for any of several sources. A ring is never lost: who listens says how many it has heard.
//
// Threads: any. ring() may be called from a client's own threads, under its locks: it takes none but its own.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "tidings/executor.hpp"

namespace tidings::transport {

class Bell final {
 public:
  explicit Bell(Executor& executor) : executor_{executor}, rung_{executor.condition()} {}

  void ring() {
    {
      const std::lock_guard lock{mutex_};
      ++rings_;
    }
    rung_->notify_all();  // under the lock, who wakes would wait for it
  }
  std::uint64_t rings() const {
    const std::lock_guard lock{mutex_};
    return rings_;
  }
  // Until there were more than `heard`, or the deadline.
  void wait(std::uint64_t heard, Time deadline) {
    std::unique_lock lock{mutex_};
    rung_->wait_until(lock, deadline, executor_, [&] { return rings_ > heard; });
  }

 private:
  Executor& executor_;
  mutable std::mutex mutex_;
  const std::unique_ptr<Condition> rung_;
  std::uint64_t rings_ = 0;
};

}  // namespace tidings::transport
