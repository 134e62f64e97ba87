#include "outbox/confirmations.hpp"

#include <algorithm>
#include <iterator>

namespace tidings::detail {

namespace {

constexpr std::size_t kTakeMax = 4'096;
constexpr Duration kIdleAfter = std::chrono::seconds{1};
// Beyond that many the newest are dropped: their outputs are kept, and sent again if a duplicate comes.
constexpr std::size_t kKeysMax = 100'000;

}  // namespace

Confirmations::Confirmations(std::shared_ptr<Executor> executor)
    : executor_{std::move(executor)}, changed_{executor_->condition()} {}

void Confirmations::add(MarkKey key) {
  const std::lock_guard lock{mutex_};
  if (keys_.size() >= kKeysMax) return;
  keys_.push_back(std::move(key));
  if (keys_.size() > 1) return;
  since_ = executor_->now();
  changed_->notify_all();
}

std::vector<MarkKey> Confirmations::take(Waiting waiting) {
  std::unique_lock lock{mutex_};
  while (waiting == Waiting::long_enough) {
    if (stopped_) return {};
    if (!keys_.empty() && executor_->now() >= since_ + kIdleAfter) break;
    changed_->wait_until(lock, keys_.empty() ? kNever : since_ + kIdleAfter);
  }
  if (keys_.size() <= kTakeMax) return std::exchange(keys_, {});
  const auto end = keys_.begin() + kTakeMax;
  std::vector<MarkKey> taken{std::move_iterator{keys_.begin()}, std::move_iterator{end}};
  keys_.erase(keys_.begin(), end);
  return taken;
}

void Confirmations::put_back(std::vector<MarkKey> keys) {
  if (keys.empty()) return;
  const std::lock_guard lock{mutex_};
  keys.insert(keys.end(), std::move_iterator{keys_.begin()}, std::move_iterator{keys_.end()});
  keys_ = std::move(keys);
  since_ = executor_->now();
  changed_->notify_all();
}

void Confirmations::stop() {
  const std::lock_guard lock{mutex_};
  stopped_ = true;
  changed_->notify_all();
}

}  // namespace tidings::detail
