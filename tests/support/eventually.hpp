// Waiting for what gives no signal of its own: a port that opens, a file of another process.
#pragma once

#include <chrono>

#include "tidings/executor.hpp"

namespace tidings::testing {

// Looks until `check()` holds, at most `within`; returns the last answer.
template <class Check>
bool eventually(Check check, std::chrono::milliseconds within = std::chrono::seconds{30}) {
  constexpr std::chrono::milliseconds kPause{5};
  const auto executor = thread_executor();
  const Time deadline = executor->now() + within;
  while (!check()) {
    if (executor->now() >= deadline) return check();
    executor->sleep_until(executor->now() + kPause);
  }
  return true;
}

}  // namespace tidings::testing
