#include "transport/local/storage/process_name.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace tidings::local {
namespace {

TEST(ProcessName, OfThisProcessIsAlive) {
  EXPECT_TRUE(is_alive(this_process()));
  EXPECT_FALSE(is_stopped(::getpid()));
}

// P5: or who has used up its descriptors takes the living for dead, and gives away what they have.
TEST(ProcessName, IsAliveThoughNoFileDescriptorIsLeftToLook) {
  const ProcessName name = this_process();
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const bool alive = is_alive(name);
  const bool unseen = !start_ticks(::getpid());
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(unseen) << "it had one";
  EXPECT_TRUE(alive);
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
