#include "fleet.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <set>

namespace shop {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

class FleetTest : public ::testing::Test {
 protected:
  FleetTest() : directory_{std::filesystem::path{::testing::TempDir()} / ("shop-fleet-" + test_name())} {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
  }
  ~FleetTest() override { std::filesystem::remove_all(directory_); }

  static std::string test_name() { return ::testing::UnitTest::GetInstance()->current_test_info()->name(); }
  std::string file(const std::string& name) const { return (directory_ / name).string(); }

  FleetMember shell(const std::string& name, const std::string& script) const {
    return {.name = name, .command = {.arguments = {"/bin/sh", "-c", script}, .log = file(name + ".log")}};
  }
  tidings::Time in(std::chrono::milliseconds time) const { return executor_->now() + time; }
  // Until the script said so: only then its traps stand.
  void wait_for(const std::string& path) const {
    const auto deadline = in(10s);
    while (!std::filesystem::exists(path) && executor_->now() < deadline) executor_->sleep_until(in(2ms));
    ASSERT_TRUE(std::filesystem::exists(path));
  }
  static bool runs(pid_t pid) { return kill(pid, 0) == 0; }

  std::filesystem::path directory_;
  std::shared_ptr<tidings::Executor> executor_ = tidings::thread_executor();
};

TEST_F(FleetTest, SaysWhatCouldNotBeStarted) {
  auto child = Child::start({.arguments = {"/nowhere/program"}, .log = file("log")});
  ASSERT_FALSE(child);
  EXPECT_THAT(child.error().message, HasSubstr("/nowhere/program"));
}

TEST_F(FleetTest, KeepsTheExitCodeOfAChild) {
  auto child = Child::start({.arguments = {"/bin/sh", "-c", "exit 3"}, .log = file("log")});
  ASSERT_TRUE(child);
  ASSERT_TRUE(child->wait(in(10s), *executor_));
  EXPECT_EQ(child->ended()->code, 3);
}

TEST_F(FleetTest, TellsAChildItsSettings) {
  auto child = Child::start({.arguments = {"/bin/sh", "-c", "test \"$SHOP_SEED\" = 7 && test -n \"$PATH\""},
                             .environment = {"SHOP_SEED=7"},
                             .log = file("log")});
  ASSERT_TRUE(child);
  ASSERT_TRUE(child->wait(in(10s), *executor_));
  EXPECT_EQ(child->ended()->code, 0);
}

TEST_F(FleetTest, LeavesNoChildBehind) {
  pid_t pid = 0;
  {
    auto child = Child::start({.arguments = {"/bin/sleep", "100"}, .log = file("log")});
    ASSERT_TRUE(child);
    pid = child->pid();
    EXPECT_TRUE(runs(pid));
  }
  EXPECT_FALSE(runs(pid));
}

TEST_F(FleetTest, NoticesAServiceThatEndedByItself) {
  Fleet fleet{{shell("good", "exec sleep 100"), shell("bad", "echo out of luck; exit 4")}, *executor_};
  ASSERT_TRUE(fleet.start());
  auto health = fleet.check();
  for (const auto deadline = in(10s); health && executor_->now() < deadline; health = fleet.check())
    executor_->sleep_until(in(2ms));
  ASSERT_FALSE(health);
  EXPECT_THAT(health.error().message, HasSubstr("bad ended with exit code 4"));
  EXPECT_THAT(health.error().message, HasSubstr("out of luck"));
}

// A7
TEST_F(FleetTest, RestartsWhatItCrashed) {
  Fleet fleet{{shell("one", "exec sleep 100")}, *executor_};
  ASSERT_TRUE(fleet.start());
  ASSERT_TRUE(fleet.crash(0));
  ASSERT_TRUE(fleet.crash(0));
  EXPECT_TRUE(fleet.check());
  EXPECT_EQ(fleet.crashes(0), 2);
  EXPECT_EQ(fleet.crashes(), 2);
}

// A2
TEST_F(FleetTest, DrainsWithSigterm) {
  Fleet fleet{{shell("one", "trap 'touch " + file("drained") + "; exit 0' TERM; touch " + file("ready") +
                                "; while :; do sleep 0.01; done")},
              *executor_};
  ASSERT_TRUE(fleet.start());
  wait_for(file("ready"));
  auto stopped = fleet.stop(in(10s));
  EXPECT_TRUE(stopped) << stopped.error().message;
  EXPECT_TRUE(std::filesystem::exists(file("drained")));
}

TEST_F(FleetTest, KillsWhatDoesNotDrainInTime) {
  Fleet fleet{{shell("deaf", "trap '' TERM; touch " + file("ready") + "; while :; do sleep 0.01; done")}, *executor_};
  ASSERT_TRUE(fleet.start());
  wait_for(file("ready"));
  auto stopped = fleet.stop(in(50ms));
  ASSERT_FALSE(stopped);
  EXPECT_THAT(stopped.error().message, HasSubstr("deaf did not drain"));
}

TEST(Chaos, StrikesAboutOnceAnIntervalAndEverybody) {
  const tidings::Time begin{1000s};
  Chaos chaos{7, 1s, begin};
  std::set<std::size_t> victims;
  int strikes = 0;
  for (auto now = begin; now < begin + 200s; now += 10ms) {
    if (const auto victim = chaos.due(now, 6)) {
      victims.insert(*victim);
      ++strikes;
    }
  }
  EXPECT_NEAR(strikes, 200, 30);
  EXPECT_EQ(victims.size(), 6u);
}

TEST(Chaos, StrikesTheSameWithTheSameSeed) {
  const auto victims = [](std::uint64_t seed) {
    Chaos chaos{seed, 1s, tidings::Time{}};
    std::vector<std::size_t> order;
    for (auto now = tidings::Time{}; now < tidings::Time{30s}; now += 10ms)
      if (const auto victim = chaos.due(now, 6)) order.push_back(*victim);
    return order;
  };
  EXPECT_EQ(victims(3), victims(3));
  EXPECT_NE(victims(3), victims(4));
}

}  // namespace
}  // namespace shop
