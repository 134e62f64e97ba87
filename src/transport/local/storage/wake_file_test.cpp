// A18: processes wake one another; the writers' gate outlives its holder.
#include "transport/local/storage/wake_file.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "tests/support/scratch_directory.hpp"
#include "tidings/executor.hpp"

namespace tidings::local {
namespace {

using namespace std::chrono_literals;

class WakeFileTest : public ::testing::Test {
 protected:
  std::unique_ptr<WakeFile> open() { return *WakeFile::open(scratch_.path()); }

  testing::ScratchDirectory scratch_;
  std::shared_ptr<Executor> executor_ = thread_executor();
};

TEST_F(WakeFileTest, WakesAWaiterThroughAnotherMapping) {
  const auto here = open();
  const auto there = open();
  const auto before = here->seen();
  const Time start = executor_->now();
  const auto thread = executor_->spawn("ringer", [&] { there->ring(kEventsChanged); });
  while (here->seen().bell == before.bell) here->wait(before, 10s);
  EXPECT_LT(executor_->now() - start, 5s);
  EXPECT_EQ(WakeFile::between(before, here->seen()), kEventsChanged);
}

TEST_F(WakeFileTest, DoesNotWaitForWhatRangBefore) {
  const auto file = open();
  const auto before = file->seen();
  file->ring(kMembersChanged | kTopicsChanged);
  const Time start = executor_->now();
  file->wait(before, 10s);
  EXPECT_LT(executor_->now() - start, 5s);
  EXPECT_EQ(WakeFile::between(before, file->seen()), kMembersChanged | kTopicsChanged);
}

TEST_F(WakeFileTest, LetsOneWriterInAtATime) {
  const auto file = open();
  ASSERT_TRUE(file->enter_gate(1s));
  EXPECT_EQ(file->gate_holder(), ::getpid());
  const auto other = open();
  bool entered = true;
  executor_->spawn("other", [&] { entered = other->enter_gate(10ms); }).reset();
  EXPECT_FALSE(entered);
  file->leave_gate();
  EXPECT_EQ(file->gate_holder(), 0);
  executor_
      ->spawn("other",
              [&] {
                entered = other->enter_gate(10s);
                other->leave_gate();
              })
      .reset();
  EXPECT_TRUE(entered);
}

TEST_F(WakeFileTest, OpensTheGateWhenItsHolderIsKilled) {
  const auto file = open();
  const pid_t child = ::fork();
  if (child == 0) {
    const auto held = open();
    if (held->enter_gate(10s)) ::raise(SIGKILL);
    ::_exit(1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_TRUE(file->enter_gate(10s));
  file->leave_gate();
  EXPECT_TRUE(file->enter_gate(10s)) << "and it stays usable";
  file->leave_gate();
}

TEST_F(WakeFileTest, IsMadeAnewAfterAStartOfTheMachine) {
  // Left locked, by a process that is not dead; the thread that did it ends, for its list of such mutexes is of no use.
  bool entered = false;
  executor_->spawn("other", [&] { entered = open()->enter_gate(1s); }).reset();
  ASSERT_TRUE(entered);
  const std::string path = scratch_ / "wake";
  FILE* file = std::fopen(path.c_str(), "r+");
  ASSERT_NE(file, nullptr);
  std::fseek(file, 8, SEEK_SET);
  std::fputs("another boot", file);
  std::fclose(file);
  const auto anew = open();
  EXPECT_TRUE(anew->enter_gate(1s));
  anew->leave_gate();
}

}  // namespace
}  // namespace tidings::local
