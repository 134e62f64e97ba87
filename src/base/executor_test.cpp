#include "tidings/executor.hpp"

#include <gtest/gtest.h>

#include <atomic>

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

// A12: ids of a process grow, whichever executor they are made with.
TEST(ThreadExecutor, GivesMomentsThatGrowOverAllOfTheProcess) {
  const auto one = thread_executor();
  const auto other = thread_executor();
  Moment last = one->next_moment();
  for (int i = 0; i < 10'000; ++i) {
    const Moment moment = (i % 2 == 0 ? other : one)->next_moment();
    ASSERT_LT(last, moment);
    last = moment;
  }
  EXPECT_GE(one->next_moment(), one->now() - 1s) << "they follow the clock";
}

TEST(ThreadExecutor, UptimeGoesOnEvenly) {
  const auto executor = thread_executor();
  const Duration before = executor->uptime();
  executor->sleep_until(executor->now() + std::chrono::milliseconds{2});
  EXPECT_GE(executor->uptime() - before, std::chrono::milliseconds{2});
}

TEST(ThreadExecutor, AThreadMayBeTheLastToHoldItself) {
  const auto executor = thread_executor();
  struct Owner {
    std::unique_ptr<Thread> thread;
    std::shared_ptr<std::atomic<bool>> gone;
    ~Owner() {
      thread.reset();
      *gone = true;
    }
  };
  const auto gone = std::make_shared<std::atomic<bool>>(false);
  const auto let_go = std::make_shared<std::atomic<bool>>(false);
  auto owner = std::make_shared<Owner>();
  owner->gone = gone;
  owner->thread = executor->spawn("self", [owner, let_go, executor] {
    while (!*let_go) executor->sleep_until(executor->now() + std::chrono::milliseconds{1});
  });
  owner.reset();
  *let_go = true;
  const Time deadline = executor->now() + std::chrono::seconds{10};
  while (!*gone && executor->now() < deadline) executor->sleep_until(executor->now() + std::chrono::milliseconds{1});
  EXPECT_TRUE(*gone);
}

}  // namespace
}  // namespace tidings
