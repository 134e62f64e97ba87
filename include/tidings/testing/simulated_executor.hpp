// A seeded scheduler with a virtual clock: the Executor of tests.
//
// Its threads are real ones, but only one holds the baton and runs. The baton changes hands only where the running
// thread waits (Condition, sleep_until, the end of a thread, the destructor of a Thread); who gets it next is drawn by
// the seed among those that can run. When none can, the clock jumps to the nearest deadline. The same seed and the same
// program give the same order and the same times, always.
//
// Threads: the thread that makes it takes part, and holds the baton first. No other thread than that one and those that
//          it spawns may wait here. Whoever holds the baton must not block on anything else for long.
// Ends:    the process, with a message that names every thread and what it waits for, when nobody can ever run again,
//          when a thread waits with a mutex locked, or when nothing progresses (kSwitchesMax, kJoinMax).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "tidings/executor.hpp"

#pragma GCC visibility push(default)

namespace tidings::testing {

class Baton;

class SimulatedExecutor final : public Executor {
 public:
  static constexpr Time kStart = Time{std::chrono::sys_days{std::chrono::year{2025} / 1 / 1}};
  // So many hand-overs while the clock stands still are a loop that waits for nothing.
  static constexpr std::uint64_t kSwitchesMax = 1'000'000;
  // A Thread's destructor that waits this long (virtual) will wait for ever.
  static constexpr Duration kJoinMax = std::chrono::hours{1};

  explicit SimulatedExecutor(std::uint64_t seed, Time start = kStart);
  ~SimulatedExecutor() override;

  Time now() const override;
  Duration uptime() const override;
  std::unique_ptr<Condition> condition() override;
  [[nodiscard]] std::unique_ptr<Thread> spawn(std::string name, std::function<void()> body) override;
  void sleep_until(Time deadline) override;
  std::uint64_t random() override;
  Moment next_moment() override;

  // The calls below are for the thread that made the executor.

  // Runs the others until each of them waits and no deadline is nearer than `within` from now on. The clock goes no
  // further than it has to.
  void run_until_idle(Duration within = {});

  // Runs the others for that long; then the clock stands at the end of it.
  void run_for(Duration duration);

  // Runs the others until `done()`, at most for `within`; returns the last `done()`. It is asked whenever the others
  // are idle, before the clock moves.
  bool run_until(const std::function<bool()>& done, Duration within);

  // The clock jumps, as if somebody set it, or the machine slept; `by` may be negative. Whoever has the baton.
  void jump(Duration by);

 private:
  std::shared_ptr<Baton> baton_;
};

}  // namespace tidings::testing

#pragma GCC visibility pop
