// The seam through which everything waits, spawns, reads a clock or draws a random number.
//
// Production runs on real threads and the system clock (thread_executor). Tests run the same code on a seeded scheduler
// with a virtual clock (testing/simulated_executor.hpp): its threads are real ones too, but only one runs at a time, it
// is switched only where it waits, and when all of them wait the clock jumps to the next deadline.
//
// Rules for code that must run on both:
// - guard data by std::mutex as usual, but never hold one while waiting for anything except through Condition;
// - wait only by Condition or Executor::sleep_until, never on std::condition_variable, std::thread or a clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <ratio>
#include <string>

#include "tidings/names.hpp"

#pragma GCC visibility push(default)

namespace tidings {

class Executor;

// Fine enough for ids: 4096ths of a millisecond (docs/wire.md, "Ids").
using Moment = std::chrono::time_point<Time::clock, std::chrono::duration<std::int64_t, std::ratio<1, 4'096'000>>>;

// A condition variable of an executor. Spurious wake-ups happen: wait in a loop, or with a predicate.
class Condition {
 public:
  virtual ~Condition() = default;

  // Releases the lock, waits until notified or `deadline`, takes the lock again. A clock that is set back meanwhile
  // does not lengthen the wait.
  virtual void wait_until(std::unique_lock<std::mutex>& lock, Time deadline) = 0;
  virtual void notify_all() = 0;

  // Waits until `ready()`, at the latest until `deadline`; returns the last `ready()`. `ready` runs under the lock.
  // Also with a clock that is set back it waits no longer than it was to when it began.
  bool wait_until(std::unique_lock<std::mutex>& lock, Time deadline, const Executor& executor,
                  const std::function<bool()>& ready);
};

// A spawned thread. The destructor waits for its end; run by that very thread (the last to hold what owns it), it lets
// it go.
class Thread {
 public:
  virtual ~Thread() = default;
};

class Executor {
 public:
  virtual ~Executor() = default;

  virtual Time now() const = 0;
  // Time since some moment before this program: it goes on evenly when the clock is set. Any thread.
  virtual Duration uptime() const = 0;
  virtual std::unique_ptr<Condition> condition() = 0;
  // Runs `body` on a thread of its own. `name` is what a debugger shows (15 characters).
  [[nodiscard]] virtual std::unique_ptr<Thread> spawn(std::string name, std::function<void()> body) = 0;
  // For as long as it is until then by the clock as it stands at the call: setting it back does not lengthen a sleep.
  virtual void sleep_until(Time deadline) = 0;
  // 64 random bits: of the system in production, of the seed in a simulation. Any thread.
  virtual std::uint64_t random() = 0;
  // Now, or just after the last one that was given: each is later than all before, also when the clock is set back. In
  // production those of the whole process, whichever executor gives them; in a simulation those of this executor. Any
  // thread; never blocks.
  virtual Moment next_moment() = 0;
};

// Real threads, the system clock, the system's randomness.
std::shared_ptr<Executor> thread_executor();

}  // namespace tidings

#pragma GCC visibility pop
