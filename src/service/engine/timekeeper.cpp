#include "service/engine/timekeeper.hpp"

#include <algorithm>

namespace tidings::service {

Timekeeper::Timekeeper(std::shared_ptr<Executor> executor)
    : executor_{std::move(executor)}, changed_{executor_->condition()} {
  thread_ = executor_->spawn("timekeeper", [this] { run(); });
}

Timekeeper::~Timekeeper() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    changed_->notify_all();
  }
  thread_.reset();
}

std::unique_ptr<Timekeeper::Watch> Timekeeper::watch(std::function<void()> late) {
  std::unique_ptr<Watch> watch{new Watch{*this, std::move(late)}};
  const std::lock_guard lock{mutex_};
  watches_.push_back(watch.get());
  return watch;
}

Timekeeper::Watch::~Watch() {
  const std::lock_guard lock{keeper_.mutex_};
  std::erase(keeper_.watches_, this);
}

void Timekeeper::Watch::begin(Duration deadline) {
  const std::lock_guard lock{keeper_.mutex_};
  deadline_ = deadline;
  called_ = false;
  if (deadline < keeper_.wakes_) keeper_.changed_->notify_all();
}

bool Timekeeper::Watch::end(Duration now) {
  std::unique_lock lock{keeper_.mutex_};
  while (calling_) keeper_.changed_->wait_until(lock, kNever);
  const bool missed = !called_ && now >= deadline_;
  deadline_ = Duration::max();
  const bool late = called_ || missed;
  lock.unlock();
  if (missed) late_();  // the thread did not get there in time: said late, but said
  return late;
}

Timekeeper::Watch* Timekeeper::next_late(Duration now) {
  const auto late = std::ranges::find_if(watches_, [&](const Watch* watch) { return watch->deadline_ <= now; });
  return late == watches_.end() ? nullptr : *late;
}

void Timekeeper::run() {
  std::unique_lock lock{mutex_};
  while (!stopping_) {
    if (Watch* watch = next_late(executor_->uptime())) {
      watch->deadline_ = Duration::max();
      watch->calling_ = watch->called_ = true;
      lock.unlock();
      watch->late_();
      lock.lock();
      watch->calling_ = false;
      changed_->notify_all();
      continue;
    }
    wakes_ = Duration::max();
    for (const Watch* watch : watches_) wakes_ = std::min(wakes_, watch->deadline_);
    const bool nobody = wakes_ == Duration::max();
    changed_->wait_until(lock, nobody ? kNever : executor_->now() + (wakes_ - executor_->uptime()));
  }
}

}  // namespace tidings::service
