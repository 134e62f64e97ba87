#include "transport/kafka/client/token_command.hpp"

#include <gmock/gmock.h>

#include <csignal>
#include <fstream>

#include "tests/support/eventually.hpp"
#include "tests/support/scratch_directory.hpp"
#include "transport/driver/secret_place.hpp"
#include "transport/kafka/client/kafka_limits.hpp"

namespace tidings::kafka {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class TokenCommandTest : public ::testing::Test {
 protected:
  Result<std::string> run(const std::string& command) { return run_token_command(command, *executor_); }
  Executor& executor() { return *executor_; }

 private:
  const std::shared_ptr<Executor> executor_ = thread_executor();
};

TEST_F(TokenCommandTest, GivesWhatTheCommandPrints) {
  EXPECT_EQ(run("printf 'a b'; printf c").value(), "a bc");
  EXPECT_EQ(run("true").value(), "");
}

TEST_F(TokenCommandTest, SaysHowItFailedAndNotTheCommand) {
  const auto failed = run("echo hunter2; exit 3");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(failed.error().message,
              AllOf(HasSubstr("'token_command'"), HasSubstr("exit code 3"), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(run("kill -KILL $$").error().message, HasSubstr("died by signal 9"));
}

TEST_F(TokenCommandTest, TakesNoMoreThanItsLimit) {
  EXPECT_EQ(run("head -c 65536 /dev/zero").value().size(), transport::kSecretBytesMax);
  EXPECT_THAT(run("head -c 65537 /dev/zero").error().message, HasSubstr("more than 65536 bytes"));
}

TEST_F(TokenCommandTest, EndsWhatDoesNotEndInTime) {
  testing::ScratchDirectory scratch;
  const std::string pids = (scratch.path() / "pids").string();
  const Time begin = executor().now();
  // The second one has no part in the output.
  constexpr Duration kWithin = std::chrono::milliseconds{300};
  const auto ended =
      run_token_command("sleep 1000 > /dev/null & echo $! > " + pids + "; exec sleep 1000", executor(), kWithin);
  ASSERT_FALSE(ended);
  EXPECT_THAT(ended.error().message, HasSubstr("does not end in time"));
  EXPECT_GE(executor().now() - begin, kWithin);
  pid_t other = 0;
  std::ifstream{pids} >> other;
  ASSERT_GT(other, 0);
  EXPECT_TRUE(testing::eventually([&] { return ::kill(other, 0) != 0; }));
}

TEST_F(TokenCommandTest, SeesSignalsAsProgramsExpectThem) {
  sigset_t all, before;
  ::sigfillset(&all);
  ASSERT_EQ(::pthread_sigmask(SIG_SETMASK, &all, &before), 0);
  const auto blocked = run("grep SigBlk /proc/self/status");
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_THAT(blocked.value(), HasSubstr("0000000000000000"));
}

}  // namespace
}  // namespace tidings::kafka
