// A33: the Executor of tests.
#include "tidings/testing/simulated_executor.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

namespace tidings::testing {
namespace {

using namespace std::chrono_literals;

TEST(SimulatedExecutor, JumpsToTheNextDeadlineWhenAllWait) {
  SimulatedExecutor executor{1};
  std::vector<Duration> seen;
  const auto sleeper = executor.spawn("sleeper", [&] {
    for (int i = 0; i < 3; ++i) {
      executor.sleep_until(executor.now() + 1h);
      seen.push_back(executor.now() - SimulatedExecutor::kStart);
    }
  });
  executor.sleep_until(executor.now() + 150min);
  EXPECT_EQ(seen, (std::vector<Duration>{1h, 2h}));
  EXPECT_EQ(executor.now() - SimulatedExecutor::kStart, 150min);
}

TEST(SimulatedExecutor, WakesAWaiterThatIsNotified) {
  SimulatedExecutor executor{1};
  const auto changed = executor.condition();
  std::mutex mutex;
  bool ready = false;
  const auto setter = executor.spawn("setter", [&] {
    executor.sleep_until(executor.now() + 5s);
    const std::lock_guard lock{mutex};
    ready = true;
    changed->notify_all();
  });
  std::unique_lock lock{mutex};
  EXPECT_TRUE(changed->wait_until(lock, executor.now() + 30s, executor, [&] { return ready; }));
  EXPECT_EQ(executor.now() - SimulatedExecutor::kStart, 5s);
}

TEST(SimulatedExecutor, GivesUpAWaitAtItsDeadline) {
  SimulatedExecutor executor{1};
  const auto changed = executor.condition();
  std::mutex mutex;
  std::unique_lock lock{mutex};
  EXPECT_FALSE(changed->wait_until(lock, executor.now() + 7s, executor, [] { return false; }));
  EXPECT_EQ(executor.now() - SimulatedExecutor::kStart, 7s);
}

// What three threads, which meet at each step, did in which order.
std::string interleaving(std::uint64_t seed) {
  SimulatedExecutor executor{seed};
  std::string order;
  std::vector<std::unique_ptr<Thread>> threads;
  for (const char name : {'a', 'b', 'c'}) {
    threads.push_back(executor.spawn({name}, [&executor, &order, name] {
      for (int step = 0; step < 20; ++step) {
        order += name;
        executor.sleep_until(executor.now() + 1ms);
      }
    }));
  }
  threads.clear();
  return order + std::to_string(executor.random());
}

TEST(SimulatedExecutor, RepeatsARunBySeed) {
  EXPECT_EQ(interleaving(7), interleaving(7));
  EXPECT_NE(interleaving(7), interleaving(8));
}

TEST(SimulatedExecutor, RunsOthersUntilTheyAreIdle) {
  SimulatedExecutor executor{1};
  int ticks = 0;
  bool stop = false;
  const auto ticker = executor.spawn("ticker", [&] {
    while (!stop) {
      ++ticks;
      executor.sleep_until(executor.now() + 1s);
    }
  });
  executor.run_until_idle();
  EXPECT_EQ(ticks, 1);
  executor.run_until_idle(2500ms);
  EXPECT_EQ(ticks, 3);
  EXPECT_EQ(executor.now() - SimulatedExecutor::kStart, 2s) << "the clock goes no further than it has to";
  executor.run_for(500ms);
  EXPECT_EQ(ticks, 3);
  EXPECT_EQ(executor.now() - SimulatedExecutor::kStart, 2500ms);
  stop = true;
}

TEST(SimulatedExecutor, RunsOthersUntilSomethingIsSo) {
  SimulatedExecutor executor{1};
  int ticks = 0;
  const auto ticker = executor.spawn("ticker", [&] {
    for (; ticks < 10; ++ticks) executor.sleep_until(executor.now() + 1s);
  });
  EXPECT_TRUE(executor.run_until([&] { return ticks == 4; }, 1min));
  EXPECT_EQ(executor.now() - SimulatedExecutor::kStart, 4s);
  EXPECT_FALSE(executor.run_until([&] { return ticks == 100; }, 1min));
}

TEST(SimulatedExecutor, DrawsTheOrderOfAMutexOnlyAtWaits) {
  SimulatedExecutor executor{3};
  std::mutex mutex;
  int inside = 0;
  std::vector<std::unique_ptr<Thread>> threads;
  for (int i = 0; i < 4; ++i) {
    threads.push_back(executor.spawn("worker", [&] {
      for (int step = 0; step < 100; ++step) {
        {
          const std::lock_guard lock{mutex};
          EXPECT_EQ(++inside, 1);
          --inside;
        }
        executor.sleep_until(executor.now());
      }
    }));
  }
}

TEST(SimulatedExecutor, OutlivesNothingItHandsOut) {
  std::unique_ptr<Condition> condition;
  std::unique_ptr<Thread> thread;
  {
    SimulatedExecutor executor{1};
    condition = executor.condition();
    thread = executor.spawn("orphan", [] {});
  }
  condition->notify_all();
}

using SimulatedExecutorDeathTest = ::testing::Test;

TEST(SimulatedExecutor, LetsAThreadGoThatIsTheLastToHoldItself) {
  SimulatedExecutor executor{1};
  auto behind = std::make_shared<int>();  // destroyed once the handle is
  auto handle = std::make_shared<std::unique_ptr<Thread>>();
  *handle = executor.spawn("last", [&executor, behind, handle] { executor.sleep_until(executor.now() + 1s); });
  const std::weak_ptr watched{behind};
  behind.reset();
  handle.reset();
  executor.run_for(2s);
  EXPECT_TRUE(watched.expired());
}

// A12: what others of the process do leaves no trace in a simulation.
TEST(SimulatedExecutor, GivesMomentsOfItsOwn) {
  SimulatedExecutor one{1};
  const Moment first = one.next_moment();
  EXPECT_EQ(first, SimulatedExecutor::kStart);
  EXPECT_LT(first, one.next_moment());
  SimulatedExecutor other{1};
  EXPECT_EQ(other.next_moment(), first);
  one.run_for(1s);
  EXPECT_EQ(one.next_moment(), SimulatedExecutor::kStart + 1s);
}

TEST(SimulatedExecutor, WakesWhoseDeadlineTheClockJumpsOver) {
  SimulatedExecutor executor{1};
  const Time start = executor.now();
  std::vector<Time> woken;
  const auto sleeper = executor.spawn("sleeper", [&] {
    executor.sleep_until(start + 1s);
    woken.push_back(executor.now());
    executor.sleep_until(executor.now() + 1s);
    woken.push_back(executor.now());
  });
  executor.run_until_idle();
  executor.jump(1h);
  executor.run_until_idle();
  executor.jump(-1min);
  executor.run_for(2min);
  EXPECT_EQ(woken, (std::vector{start + 1h, start + 1h - 1min + 1s})) << "set back, it sleeps as long as before";
}

TEST(SimulatedExecutor, NoTimePassesWhenTheClockIsSet) {
  SimulatedExecutor executor{1};
  executor.run_for(5s);
  executor.jump(1h);
  executor.run_for(1s);
  executor.jump(-2h);
  EXPECT_EQ(executor.uptime(), 6s);
}

TEST(SimulatedExecutor, AClockThatIsSetBackDoesNotLengthenAWait) {
  SimulatedExecutor executor{1};
  const auto changed = executor.condition();
  std::mutex mutex;
  std::optional<Duration> waited;
  const auto waiter = executor.spawn("waiter", [&] {
    std::unique_lock lock{mutex};
    changed->wait_until(lock, executor.now() + 10s, executor, [] { return false; });
    waited = executor.uptime();
  });
  executor.run_for(4s);
  executor.jump(-5min);
  executor.run_for(10min);
  EXPECT_EQ(waited, 10s);
}

TEST(SimulatedExecutorDeathTest, NamesTheThreadsOfADeadlock) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto deadlock = [] {
    SimulatedExecutor executor{42};
    const auto never = executor.condition();
    std::mutex mutex;
    const auto waiter = executor.spawn("patient", [&] {
      std::unique_lock lock{mutex};
      never->wait_until(lock, kNever);
    });
    std::unique_lock lock{mutex};
    never->wait_until(lock, kNever);
  };
  EXPECT_DEATH(deadlock(), "seed 42.*deadlock.*\n.*main: .*\n.*patient: waits to be notified");
}

TEST(SimulatedExecutorDeathTest, NamesAThreadThatDoesNotEnd) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto hang = [] {
    SimulatedExecutor executor{1};
    const auto thread = executor.spawn("endless", [&] {
      while (true) executor.sleep_until(executor.now() + 1min);
    });
  };
  EXPECT_DEATH(hang(), "'endless' does not end");
}

TEST(SimulatedExecutorDeathTest, NamesABusyLoop) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto spin = [] {
    SimulatedExecutor executor{1};
    while (true) executor.sleep_until(executor.now());
  };
  EXPECT_DEATH(spin(), "the clock stands still");
}

TEST(SimulatedExecutorDeathTest, RefusesAMutexThatIsHeldWhileWaiting) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto hold = [] {
    SimulatedExecutor executor{1};
    const auto changed = executor.condition();
    std::mutex mutex;
    const auto waiter = executor.spawn("waiter", [&] {
      std::unique_lock lock{mutex};
      changed->wait_until(lock, executor.now() + 1s);
    });
    executor.run_until_idle();
    const std::lock_guard lock{mutex};
    executor.sleep_until(executor.now() + 2s);
  };
  EXPECT_DEATH(hold(), "'waiter' finds its mutex locked");
}

}  // namespace
}  // namespace tidings::testing
