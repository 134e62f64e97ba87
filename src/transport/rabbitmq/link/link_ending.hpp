// Ends a thread in time that asks a server, which may hang: it has a while to end by itself, then its connection is
// broken, and each that it opens from then on.
//
// Threads: any; holds() and has_ended() by the thread that is to end.
#pragma once

#include <memory>
#include <mutex>

#include "tidings/executor.hpp"
#include "transport/rabbitmq/link/link.hpp"
#include "transport/rabbitmq/link/rabbitmq_limits.hpp"

namespace tidings::rabbitmq {

class LinkEnding final {
 public:
  explicit LinkEnding(Executor& executor) : executor_{executor}, changed_{executor.condition()} {}

  // What the thread asks from now on; null: nothing. It must be told before that one is gone.
  void holds(Link* link) {
    const std::lock_guard lock{mutex_};
    link_ = link;
    if (broken_ && link_ != nullptr) link_->abandon();
  }
  void has_ended() {
    const std::lock_guard lock{mutex_};
    ended_ = true;
    changed_->notify_all();
  }

  // At once: it may stand in a write.
  void break_now() {
    const std::lock_guard lock{mutex_};
    broken_ = true;
    if (link_ != nullptr) link_->abandon();
  }
  // Waits for its end, kEndWithin at most. Where it does not come by then the thread ends as soon as it asks nothing
  // but its own connection: of Control it may wait for an answer, kRequestWithin.
  void wait() {
    std::unique_lock lock{mutex_};
    if (changed_->wait_until(lock, executor_.now() + kEndWithin, executor_, [this] { return ended_; })) return;
    lock.unlock();
    break_now();
  }

 private:
  Executor& executor_;
  const std::unique_ptr<Condition> changed_;
  std::mutex mutex_;
  Link* link_ = nullptr;
  bool broken_ = false;
  bool ended_ = false;
};

}  // namespace tidings::rabbitmq
