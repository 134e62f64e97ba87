#include "tidings/executor.hpp"

#include <pthread.h>

#include <condition_variable>
#include <random>
#include <thread>

#include "base/countdown.hpp"
#include "base/moments.hpp"

namespace tidings {

bool Condition::wait_until(std::unique_lock<std::mutex>& lock, Time deadline, const Executor& executor,
                           const std::function<bool()>& ready) {
  if (ready()) return true;
  const Deadline due{executor, deadline};
  do {
    if (due.reached()) return ready();
    wait_until(lock, due.at());
  } while (!ready());
  return true;
}

namespace {

// The longest single wait: a clock that is set forward must not leave a waiter behind for hours.
constexpr auto kWaitMax = std::chrono::seconds{60};

class SystemCondition final : public Condition {
 public:
  void wait_until(std::unique_lock<std::mutex>& lock, Time deadline) override {
    // In microseconds: nanoseconds until kNever do not fit in 64 bits.
    const Duration left = deadline - std::chrono::floor<Duration>(std::chrono::system_clock::now());
    if (left <= left.zero()) return;
    signal_.wait_for(lock, std::min<Duration>(left, kWaitMax));
  }
  void notify_all() override { signal_.notify_all(); }

 private:
  std::condition_variable signal_;
};

class SystemThread final : public Thread {
 public:
  SystemThread(std::string name, std::function<void()> body) : thread_{std::move(body)} {
    name.resize(std::min<std::size_t>(name.size(), 15));
    pthread_setname_np(thread_.native_handle(), name.c_str());
  }
  ~SystemThread() override {
    if (thread_.get_id() == std::this_thread::get_id()) {
      thread_.detach();
    } else {
      thread_.join();
    }
  }

 private:
  std::thread thread_;
};

class SystemExecutor final : public Executor {
 public:
  Time now() const override { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); }
  Duration uptime() const override {
    return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch());
  }
  std::unique_ptr<Condition> condition() override { return std::make_unique<SystemCondition>(); }
  std::unique_ptr<Thread> spawn(std::string name, std::function<void()> body) override {
    return std::make_unique<SystemThread>(std::move(name), std::move(body));
  }
  void sleep_until(Time deadline) override { std::this_thread::sleep_for(deadline - now()); }
  std::uint64_t random() override {
    thread_local std::mt19937_64 generator{seed()};
    return generator();
  }
  Moment next_moment() override {
    static constinit Moments of_process;  // as there is one clock: programs make executors where they need one
    return of_process.next(now());
  }

 private:
  static std::uint64_t seed() {
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
  }
};

}  // namespace

std::shared_ptr<Executor> thread_executor() {
  return std::make_shared<SystemExecutor>();
}

}  // namespace tidings
