// D15: a server that dies, or hangs, while services publish and consume. They go on by themselves when it is back.
#include <csignal>

#include "tests/conformance/rabbitmq/rabbitmq_failures.hpp"

namespace tidings::conformance {
namespace {

using std::chrono::seconds;

class RabbitmqOutage : public RabbitmqFailures {};

TEST_P(RabbitmqOutage, P1AServerThatIsKilledUnderLoadLosesNothingConfirmed) {
  begin_traffic();
  ASSERT_TRUE(all_flows(kBackWithin));
  std::vector<Duration> absences{seconds{1}};
  if (long_run()) absences.push_back(seconds{30});
  for (const Duration absence : absences) {
    servers().kill();
    pass(absence);
    servers().start();
    ASSERT_TRUE(all_flows(kBackWithin));
  }
  expect_the_books_to_balance(Stands::again);
}

// Connections that hear nothing are given up, and what was on them is sent again.
TEST_P(RabbitmqOutage, P10AServerThatHangsLongerThanTwoHeartbeatsIsSurvived) {
  begin_traffic();
  ASSERT_TRUE(all_flows(kBackWithin));
  servers().signal(SIGSTOP);
  pass(long_run() ? Duration{seconds{75}} : 3 * kHeartbeat);
  servers().signal(SIGCONT);
  ASSERT_TRUE(all_flows(kBackWithin));
  expect_the_books_to_balance(Stands::again);
}

std::unique_ptr<Fixture> make_fixture(Room) {
  return std::make_unique<RabbitmqFixture>(std::make_unique<RabbitmqServers>());
}

INSTANTIATE_TEST_SUITE_P(Rabbitmq, RabbitmqOutage, ::testing::Values(Driver{"rabbitmq", make_fixture}), driver_name);

}  // namespace
}  // namespace tidings::conformance
