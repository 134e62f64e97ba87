#include "outbox/write_turn.hpp"

#include <algorithm>

namespace tidings::detail {

WriteTurn::WriteTurn(std::shared_ptr<Executor> executor)
    : executor_{std::move(executor)}, changed_{executor_->condition()} {}

bool WriteTurn::take(Time deadline) {
  std::unique_lock lock{mutex_};
  const std::uint64_t ticket = ++last_ticket_;
  queue_.push_back(ticket);
  if (changed_->wait_until(lock, deadline, *executor_, [&] { return queue_.front() == ticket; })) return true;
  queue_.erase(std::find(queue_.begin(), queue_.end(), ticket));
  return false;
}

void WriteTurn::give_back() {
  const std::lock_guard lock{mutex_};
  queue_.pop_front();
  changed_->notify_all();
}

}  // namespace tidings::detail
