// Who runs: the simulated threads, what each waits for, the clock, and the one baton.
//
// Threads: any of the simulated ones; each call is by the holder of the baton, except Baton::begin.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/moments.hpp"
#include "tidings/executor.hpp"

namespace tidings::testing {

class Baton {
 public:
  // One simulated thread.
  struct Task {
    enum class State {
      ready,    // could run
      waiting,  // for `signal`, or `deadline`
      joining,  // for the end of `joined`
      idling,   // until all others wait for what comes after `deadline`
      done,
    };
    const Baton* owner = nullptr;
    std::string name;
    State state = State::ready;
    Time deadline = kNever;
    const void* signal = nullptr;
    const Task* joined = nullptr;
    std::condition_variable turn;
  };

  Baton(std::uint64_t seed, Time start);

  Time now() const { return Time{Duration{now_.load(std::memory_order_relaxed)}}; }
  // Time that passed, since the start.
  Duration uptime() const { return Duration{uptime_.load(std::memory_order_relaxed)}; }
  std::uint64_t random();
  Moment next_moment() { return moments_.next(now()); }

  // A task that is ready. It runs in the thread that calls begin() with it, and is over when that calls end().
  std::shared_ptr<Task> add(std::string name);
  void begin(Task& task);
  void end(Task& task);

  // Each hands the baton on, and returns when the caller has it again.
  void sleep(Time deadline);
  void wait(const void* signal, std::unique_lock<std::mutex>& lock, Time deadline);
  void join(const Task& joined);
  void idle(Time until);  // the clock has not passed `until`

  void notify(const void* signal);
  // Moves the clock; whose deadline is passed can run.
  void set_now(Time now);
  // Sets the clock, while no time passes: back, and whoever waits waits for as long as before; forward, and whose
  // deadline is passed can run.
  void jump(Duration by);
  // The nearest deadline of the others that wait.
  Time nearest_deadline() const;

 private:
  using Lock = std::unique_lock<std::mutex>;

  Task& self();
  void pass(Lock& lock, Task& from);
  Task& next();
  Task& drawn(const std::vector<Task*>& ready);
  Task* idler(Time nearest) const;
  static bool is_timed(const Task& task);
  std::vector<Task*> ready_tasks() const;
  Time nearest() const;
  void move_clock(Time now);
  void wake_due();
  [[noreturn]] void give_up(const std::string& why) const;
  std::string describe(const Task& task) const;

  mutable std::mutex mutex_;
  std::atomic<Duration::rep> now_;
  std::atomic<Duration::rep> uptime_ = 0;
  Moments moments_;
  const std::uint64_t seed_;
  std::mt19937_64 order_;                     // draws who runs next
  std::mt19937_64 random_;                    // what Executor::random gives
  std::vector<std::shared_ptr<Task>> tasks_;  // in order of birth; those that are done leave
  Task* running_ = nullptr;
  const std::thread::id maker_ = std::this_thread::get_id();
  Task* const maker_task_;
  std::uint64_t switches_ = 0;  // since the clock moved
};

}  // namespace tidings::testing
