// How a process ends: drains, deadlines and signals (A30, P8).
#include <signal.h>

#include "tests/service/service_process.hpp"
#include "tidings/executor.hpp"

namespace tidings::testing {
namespace {

using ::testing::HasSubstr;

// A30
TEST_F(ServiceProcess, FinishesWhatRunsWhenToldToStop) {
  for (const int signal : {SIGTERM, SIGINT}) {
    const std::string hold = scratch_ / ("hold" + std::to_string(signal));
    ChildProcess child{service({"--customers", "held", "--hold", hold})};
    log_line(child, "handling");
    child.send(signal);
    log_line(child, "draining");
    EXPECT_TRUE(child.running());
    std::ofstream{hold} << "go";
    EXPECT_EQ(child.wait(), (ChildExit{0, 0}));
    EXPECT_THAT(child.error_output(), HasSubstr("receipt asked for"));
    EXPECT_THAT(lines_of(child.error_output()).back(), HasSubstr("\"message\":\"stopped\""));
  }
}

// A30
TEST_F(ServiceProcess, StopsAtOnceAtASecondSignal) {
  ChildProcess child{service({"--customers", "held", "--hold", scratch_ / "never"})};
  log_line(child, "handling");
  child.send(SIGTERM);
  log_line(child, "draining");
  child.send(SIGTERM);
  EXPECT_EQ(child.wait(), (ChildExit{128 + SIGTERM, 0}));
  EXPECT_THAT(child.error_output(), HasSubstr("a second signal: stopping at once"));
}

// P8
TEST_F(ServiceProcess, GivesUpTheDrainAtItsDeadline) {
  ChildProcess child{service({"--customers", "held", "--hold", scratch_ / "never", "--drain-deadline", "50ms"})};
  log_line(child, "handling");
  child.send(SIGTERM);
  EXPECT_EQ(child.wait(), (ChildExit{1, 0}));
  EXPECT_THAT(child.error_output(), HasSubstr("not everything ended by the drain's deadline"));
}

// P8: by steps that each have what is left of the deadline, whatever keeps the store from being written.
class DrainOfProcess : public ServiceProcess {
 protected:
  static constexpr std::chrono::seconds kDrain{1};

  ChildSpec stored(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--transport", "local:store", "--drain-deadline", "1s"});
    return spec(std::move(arguments));
  }
  // A process that took the writer lock so, and is stopped.
  ChildProcess stop_holding(const std::string& lock) const {
    ChildProcess holder{{.program = LOCAL_LOCK_HOLDER, .arguments = {scratch_ / "store", lock}}};
    EXPECT_TRUE(holder.wait_for_output("holding")) << holder.error_output();
    holder.send(SIGSTOP);
    return holder;
  }
  // Told to stop, it ends by itself, not before its deadline and not long after it.
  static void expect_end_at_the_deadline(ChildProcess& child) {
    const auto executor = thread_executor();
    const Time begun = executor->now();
    child.send(SIGTERM);
    EXPECT_EQ(child.wait(10 * (kDrain + std::chrono::seconds{2})), (ChildExit{1, 0})) << child.error_output();
    EXPECT_GE(executor->now() - begun, kDrain);
    EXPECT_THAT(child.error_output(), HasSubstr("not everything ended by the drain's deadline"));
  }
  void expect_handled_again(const std::string& hold) const {
    ChildProcess child{stored({"--hold", hold})};
    log_line(child, "receipt asked for");
    child.send(SIGTERM);
    EXPECT_EQ(child.wait(), (ChildExit{0, 0})) << child.error_output();
  }
};

TEST_F(DrainOfProcess, KeepsItsDeadlineThoughNothingCanBeSettled) {
  for (const char* lock : {"gate", "lmdb"}) {
    const std::string hold = scratch_ / (std::string{"hold-"} + lock);
    ChildProcess child{stored({"--customers", "held", "--hold", hold})};
    log_line(child, "handling");
    {
      const ChildProcess holder = stop_holding(lock);
      std::ofstream{hold} << "go";
      log_line(child, "receipt asked for");
      expect_end_at_the_deadline(child);
    }
    expect_handled_again(hold);
  }
}

TEST_F(DrainOfProcess, KeepsItsDeadlineThoughItHasNotStartedYet) {
  {
    ChildProcess first{stored({})};
    log_line(first, "running");
    first.send(SIGTERM);
    ASSERT_EQ(first.wait(), (ChildExit{0, 0})) << first.error_output();
  }
  const ChildProcess holder = stop_holding("gate");
  ChildProcess child{stored({})};
  log_line(child, "starting");
  child.send(SIGTERM);
  EXPECT_EQ(child.wait(10 * (kDrain + std::chrono::seconds{2})), (ChildExit{1, 0})) << child.error_output();
  EXPECT_THAT(child.error_output(), HasSubstr("the transport, to start"));
}

TEST_F(DrainOfProcess, KeepsItsDeadlineThoughItCannotLeaveItsGroup) {
  ChildProcess child{stored({})};
  log_line(child, "running");
  const ChildProcess holder = stop_holding("gate");
  expect_end_at_the_deadline(child);
  EXPECT_THAT(child.error_output(), HasSubstr("leaving 'orders', leaving 'receipts', the good-bye of this instance"));
}

}  // namespace
}  // namespace tidings::testing
