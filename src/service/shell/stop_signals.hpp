// SIGTERM and SIGINT as calls on a thread, whatever threads there are and whichever of them the kernel interrupts.
//
// The handler only writes the signal's number into a pipe; a thread reads it. SIGPIPE is ignored from here on.
// Owns:    the dispositions of the two signals, until destroyed (then they are as before). One in a process at a time.
#pragma once

#include <functional>
#include <memory>

#include "tidings/executor.hpp"
#include "tidings/result.hpp"

namespace tidings::service {

class StopSignals final {
 public:
  // `nth` counts from 1. Never two calls at once.
  using OnSignal = std::function<void(int signal, int nth)>;

  static Result<std::unique_ptr<StopSignals>> open(Executor& executor, OnSignal on_signal);
  ~StopSignals();  // after it no call runs
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

 private:
  class State;
  explicit StopSignals(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tidings::service
