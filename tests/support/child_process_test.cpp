#include "tests/support/child_process.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include "tests/support/scratch_directory.hpp"

namespace tidings::testing {
namespace {

ChildSpec shell(std::string script) {
  return {.program = "/bin/sh", .arguments = {"-c", std::move(script)}};
}

TEST(ChildProcess, GivesExitCodeAndBothStreams) {
  const Ran ran = run_program(shell("echo out; echo err >&2; exit 3"));
  EXPECT_EQ(ran.exit, (ChildExit{3, 0}));
  EXPECT_EQ(ran.output, "out\n");
  EXPECT_EQ(ran.error_output, "err\n");
}

TEST(ChildProcess, TakesMoreOutputThanAPipeHolds) {
  const Ran ran = run_program(shell("head -c 1000000 /dev/zero"));
  EXPECT_EQ(ran.output.size(), 1'000'000u);
}

TEST(ChildProcess, ReportsTheSignalThatEndedIt) {
  ChildProcess child{shell("echo up; cat")};
  ASSERT_TRUE(child.wait_for_output("up"));
  EXPECT_TRUE(child.send(SIGTERM));
  EXPECT_EQ(child.wait(), (ChildExit{-1, SIGTERM}));
  EXPECT_FALSE(child.send(SIGTERM));
}

TEST(ChildProcess, StopsWaitingForOutputWhenTheProcessEnds) {
  ChildProcess child{shell("true")};
  EXPECT_FALSE(child.wait_for_output("never"));
}

TEST(ChildProcess, ReadsWhatIsWrittenToIt) {
  ChildProcess child{shell("cat")};
  child.write("hello");
  child.close_input();
  EXPECT_EQ(child.wait(), (ChildExit{0, 0}));
  EXPECT_EQ(child.output(), "hello");
}

TEST(ChildProcess, RunsInItsDirectoryWithItsEnvironmentAndWithoutOurSettings) {
  setenv("TIDINGS_TRANSPORT", "memory:", 1);
  const ScratchDirectory scratch;
  ChildSpec spec = shell("echo $PWD $COLOUR-$TIDINGS_TRANSPORT");
  spec.environment = {{"COLOUR", "red"}};
  spec.directory = scratch.path();
  EXPECT_EQ(run_program(spec).output, scratch.path().string() + " red-\n");
  unsetenv("TIDINGS_TRANSPORT");
}

TEST(ChildProcess, KillsWhatRunsTooLong) {
  EXPECT_EQ(run_program(shell("exec cat /dev/zero > /dev/null"), std::chrono::milliseconds{20}).exit,
            (ChildExit{-1, SIGKILL}));
}

TEST(ChildProcess, SaysWhenAProgramIsNotThere) {
  const Ran ran = run_program({.program = "/no/such/program"});
  EXPECT_EQ(ran.exit.code, 127);
  EXPECT_NE(ran.error_output.find("could not be started"), std::string::npos);
}

}  // namespace
}  // namespace tidings::testing
