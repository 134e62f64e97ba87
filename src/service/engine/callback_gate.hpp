// Lets observers and others be called until it is closed: who closed it may take away what they use.
//
// Threads: any. Blocks: close(), while a call runs; never a call.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "base/countdown.hpp"
#include "tidings/bus.hpp"
#include "tidings/executor.hpp"

namespace tidings::service {

class CallbackGate final {
 public:
  explicit CallbackGate(std::shared_ptr<Executor> executor)
      : executor_{std::move(executor)}, changed_{executor_->condition()} {}

  // Runs `callback`, unless the gate is closed.
  template <class Callback>
  void pass(const Callback& callback) {
    const Pass inside{*this};
    if (!closed_) callback();
  }

  // None begins any more. Whether none runs either, at the latest when no time is left.
  bool close(const Countdown& left);

 private:
  class Pass final {
   public:
    explicit Pass(CallbackGate& gate) : gate_{gate} { ++gate_.inside_; }
    ~Pass() {
      if (--gate_.inside_ == 0 && gate_.closed_) gate_.wake();
    }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;

   private:
    CallbackGate& gate_;
  };

  void wake();

  const std::shared_ptr<Executor> executor_;
  std::mutex mutex_;
  const std::unique_ptr<Condition> changed_;
  std::atomic<std::size_t> inside_ = 0;
  std::atomic<bool> closed_ = false;
};

// With observers and on_trouble that are called through the gate only.
BusOptions gated(BusOptions options, const std::shared_ptr<CallbackGate>& gate);

}  // namespace tidings::service
