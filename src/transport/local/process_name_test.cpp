#include "transport/local/process_name.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace tidings::local {
namespace {

TEST(ProcessName, OfThisProcessIsAlive) {
  EXPECT_TRUE(is_alive(this_process()));
  EXPECT_FALSE(is_stopped(::getpid()));
}

TEST(ProcessName, IsNotAnotherProcessOfTheSamePid) {
  ProcessName before = this_process();
  before.started -= 1;
  EXPECT_FALSE(is_alive(before));
}

TEST(ProcessName, OfAnotherBootIsDead) {
  ProcessName before = this_process();
  before.boot = "another";
  EXPECT_FALSE(is_alive(before));
}

TEST(ProcessName, TellsStoppedFromDead) {
  const pid_t child = ::fork();
  if (child == 0) {
    for (;;) ::pause();
  }
  const ProcessName name{.pid = child, .started = start_ticks(child).value_or(0), .boot = boot_id()};
  EXPECT_TRUE(is_alive(name));
  int status = 0;
  ::kill(child, SIGSTOP);
  ASSERT_EQ(::waitpid(child, &status, WUNTRACED), child);
  EXPECT_TRUE(is_stopped(child));
  EXPECT_TRUE(is_alive(name));
  ::kill(child, SIGKILL);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
  EXPECT_FALSE(is_alive(name)) << "its parent has not looked yet";
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_FALSE(is_alive(name));
}

}  // namespace
}  // namespace tidings::local
