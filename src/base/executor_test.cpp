#include "tidings/executor.hpp"

#include <gtest/gtest.h>

namespace tidings {
namespace {

using namespace std::chrono_literals;

TEST(ThreadExecutor, WakesAWaiterThatIsNotified) {
  const auto executor = thread_executor();
  const auto changed = executor->condition();
  std::mutex mutex;
  bool ready = false;
  const auto thread = executor->spawn("setter", [&] {
    const std::lock_guard lock{mutex};
    ready = true;
    changed->notify_all();
  });
  std::unique_lock lock{mutex};
  EXPECT_TRUE(changed->wait_until(lock, executor->now() + 30s, *executor, [&] { return ready; }));
}

TEST(ThreadExecutor, ReleasesTheLockWhileItWaitsWithoutADeadline) {
  const auto executor = thread_executor();
  const auto changed = executor->condition();
  std::mutex mutex;
  bool ready = false;
  std::unique_lock lock{mutex};
  const auto thread = executor->spawn("setter", [&] {
    const std::lock_guard setting{mutex};
    ready = true;
    changed->notify_all();
  });
  EXPECT_TRUE(changed->wait_until(lock, kNever, *executor, [&] { return ready; }));
  lock.unlock();
}

TEST(ThreadExecutor, GivesUpAtTheDeadline) {
  const auto executor = thread_executor();
  const auto changed = executor->condition();
  std::mutex mutex;
  std::unique_lock lock{mutex};
  const Time start = executor->now();
  EXPECT_FALSE(changed->wait_until(lock, start + 5ms, *executor, [] { return false; }));
  EXPECT_GE(executor->now(), start + 5ms);
}

}  // namespace
}  // namespace tidings
