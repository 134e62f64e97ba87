// Real threads, and a clock that a test sets.
//
// Threads: any.
#pragma once

#include <atomic>

#include "tidings/executor.hpp"

namespace tidings::testing {

class SettableClock final : public Executor {
 public:
  void set(Duration by) { ahead_ = ahead_.load() + by; }

  Time now() const override { return real_->now() + ahead_.load(); }
  Duration uptime() const override { return real_->uptime(); }
  std::unique_ptr<tidings::Condition> condition() override {
    return std::make_unique<Condition>(*this, real_->condition());
  }
  std::unique_ptr<Thread> spawn(std::string name, std::function<void()> body) override {
    return real_->spawn(std::move(name), std::move(body));
  }
  void sleep_until(Time deadline) override { real_->sleep_until(deadline - ahead_.load()); }
  std::uint64_t random() override { return real_->random(); }
  Moment next_moment() override { return real_->next_moment(); }

 private:
  class Condition final : public tidings::Condition {
   public:
    Condition(const SettableClock& clock, std::unique_ptr<tidings::Condition> real)
        : clock_{clock}, real_{std::move(real)} {}
    // Waits go on as they were when the clock is set, as real ones do.
    void wait_until(std::unique_lock<std::mutex>& lock, Time deadline) override {
      real_->wait_until(lock, deadline < kNever ? deadline - clock_.ahead_.load() : kNever);
    }
    void notify_all() override { real_->notify_all(); }

   private:
    const SettableClock& clock_;
    const std::unique_ptr<tidings::Condition> real_;
  };

  const std::shared_ptr<Executor> real_ = thread_executor();
  std::atomic<Duration> ahead_{Duration{}};
};

}  // namespace tidings::testing
