#include "service/handle/subscription.hpp"

#include <algorithm>

namespace tidings::service {

Result<std::shared_ptr<Subscription>> Subscription::open(std::shared_ptr<Engine> engine, SubscriptionPlan plan) {
  fit(plan, engine->transport->capabilities());
  plan.spec.instance = engine->options.instance;
  plan.spec.instance_is_stable = engine->instance_is_stable;
  auto consumer = engine->transport->consumer(plan.spec);
  if (!consumer) return consumer.error();
  return std::shared_ptr<Subscription>{new Subscription{std::move(engine), std::move(plan), *std::move(consumer)}};
}

Subscription::Subscription(std::shared_ptr<Engine> engine, SubscriptionPlan plan,
                           std::unique_ptr<transport::Consumer> consumer)
    : parts_{std::move(engine), std::move(plan), std::move(consumer)},
      receiver_{parts_},
      ended_{parts_.engine->executor->condition()} {
  if (parts_.plan.inbox) {
    workers_.push_back(inbox_worker(parts_));
  } else if (parts_.plan.has_batches()) {
    workers_.push_back(batch_worker(parts_));
  } else {
    for (std::size_t slot = 1; slot <= parts_.plan.concurrency; ++slot) workers_.push_back(plain_worker(parts_, slot));
  }
}

Subscription::~Subscription() {
  parts_.settler.close();
  parts_.close_consumer();
}

void Subscription::start() {
  parts_.settler.start();
  receiving_ = &spawn("receiver", [this] { receiver_.run(); });
  for (const auto& worker : workers_) {
    spawn("worker", [&worker = *worker] { worker.run(); });
  }
}

// The thread holds the subscription: one that never ends keeps what it stands on.
Subscription::Running& Subscription::spawn(const std::string& name, std::function<void()> body) {
  threads_.push_back(std::make_unique<Running>());
  Running& running = *threads_.back();
  running.thread = parts_.engine->executor->spawn(name, [self = shared_from_this(), &running, body = std::move(body)] {
    body();
    const std::lock_guard lock{self->mutex_};
    running.ended = true;
    self->ended_->notify_all();
  });
  return running;
}

void Subscription::drain() {
  parts_.release(parts_.queue.drain());
  parts_.wake_receiver();
}

bool Subscription::wait_drained(const Countdown& left) {
  if (!parts_.queue.wait_quiet(left)) return false;
  const auto all_ended = [this] {
    return std::ranges::all_of(threads_, [](const auto& running) { return running->ended; });
  };
  {
    std::unique_lock lock{mutex_};
    if (!wait_until(*ended_, lock, left, all_ended)) return false;
  }
  return parts_.settler.wait_idle(left);
}

void Subscription::begin_close(const Countdown& left_alone) {
  if (leaving_ != nullptr) return;
  parts_.left_alone = true;
  for (const auto& worker : workers_) worker->request_stop();
  working_ = threads_.size();
  leaving_ = &spawn("leave", [this, left_alone] { leave(left_alone); });
}

// A consumer is left only when nobody uses it, however long the transport keeps those who do.
void Subscription::leave(const Countdown& left_alone) {
  parts_.settler.close();
  for (std::size_t i = 0; i < working_; ++i) wait_ended(*threads_[i], left_alone);
  if (receiving_ != nullptr) wait_ended(*receiving_, {*parts_.engine->executor, kNever});
  parts_.close_consumer();
}

bool Subscription::wait_closed(const Countdown& left) {
  const bool closed = leaving_ == nullptr || wait_ended(*leaving_, left);
  join_ended();
  return closed;
}

bool Subscription::wait_ended(const Running& running, const Countdown& left) {
  std::unique_lock lock{mutex_};
  return wait_until(*ended_, lock, left, [&] { return running.ended; });
}

// A handler that does not end is not waited for, and no thread is ever killed: the handle stays, held by the thread
// itself (see spawn), which lets it go should it end after all.
void Subscription::join_ended() {
  std::vector<std::unique_ptr<Thread>> ended;
  std::unique_lock lock{mutex_};
  for (const auto& running : threads_) {
    if (running->ended) ended.push_back(std::move(running->thread));
  }
  lock.unlock();
  ended.clear();  // waits for what they do behind their last line
}

}  // namespace tidings::service
