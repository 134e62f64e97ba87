#include "service/shell/stop_signals.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <vector>

namespace tidings::service {
namespace {

using namespace std::chrono_literals;

class Heard final {
 public:
  explicit Heard(std::shared_ptr<Executor> executor) : executor_{std::move(executor)} {}

  void add(int signal, int nth) {
    const std::lock_guard lock{mutex_};
    all_.emplace_back(signal, nth);
    changed_->notify_all();
  }
  std::vector<std::pair<int, int>> first(std::size_t count) {
    std::unique_lock lock{mutex_};
    changed_->wait_until(lock, executor_->now() + 30s, *executor_, [&] { return all_.size() >= count; });
    return all_;
  }

 private:
  std::shared_ptr<Executor> executor_;
  std::unique_ptr<Condition> changed_ = executor_->condition();
  std::mutex mutex_;
  std::vector<std::pair<int, int>> all_;
};

// A30
TEST(StopSignals, AreCallsInTheirOrder) {
  const auto executor = thread_executor();
  Heard heard{executor};
  const auto signals = StopSignals::open(*executor, [&](int signal, int nth) { heard.add(signal, nth); });
  ASSERT_TRUE(signals);
  raise(SIGTERM);
  heard.first(1);
  raise(SIGINT);
  EXPECT_EQ(heard.first(2), (std::vector<std::pair<int, int>>{{SIGTERM, 1}, {SIGINT, 2}}));
}

TEST(StopSignals, AreHeardWhicheverThreadTheKernelInterrupts) {
  const auto executor = thread_executor();
  Heard heard{executor};
  // As a library's thread would: it was there before us and blocks nothing.
  std::mutex mutex;
  const auto changed = executor->condition();
  pthread_t other{};
  bool done = false;
  const auto thread = executor->spawn("other", [&] {
    std::unique_lock lock{mutex};
    other = pthread_self();
    changed->notify_all();
    changed->wait_until(lock, kNever, *executor, [&] { return done; });
  });
  {
    std::unique_lock lock{mutex};
    changed->wait_until(lock, kNever, *executor, [&] { return other != pthread_t{}; });
  }
  const auto signals = StopSignals::open(*executor, [&](int signal, int nth) { heard.add(signal, nth); });
  ASSERT_TRUE(signals);
  pthread_kill(other, SIGTERM);
  EXPECT_EQ(heard.first(1).size(), 1u);
  const std::lock_guard lock{mutex};
  done = true;
  changed->notify_all();
}

TEST(StopSignals, AreTakenByOneAtATimeAndGivenBack) {
  const auto executor = thread_executor();
  struct sigaction before {};
  sigaction(SIGTERM, nullptr, &before);
  {
    const auto first = StopSignals::open(*executor, [](int, int) {});
    ASSERT_TRUE(first);
    EXPECT_FALSE(StopSignals::open(*executor, [](int, int) {}));
  }
  struct sigaction after {};
  sigaction(SIGTERM, nullptr, &after);
  EXPECT_EQ(after.sa_handler, before.sa_handler);
  EXPECT_TRUE(StopSignals::open(*executor, [](int, int) {}));
}

}  // namespace
}  // namespace tidings::service
