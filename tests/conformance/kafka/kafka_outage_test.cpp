// C17: a broker that dies, or hangs, while services publish and consume. They go on by themselves when it is back.
#include <csignal>

#include "tests/conformance/kafka/kafka_failures.hpp"

namespace tidings::conformance {
namespace {

using std::chrono::seconds;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr Duration kBackWithin = seconds{40};
constexpr Duration kSession = seconds{4};  // the fixture's

class KafkaOutage : public KafkaFailures {};

TEST_P(KafkaOutage, P1ABrokerThatIsKilledUnderLoadLosesNothingConfirmed) {
  begin_traffic();
  ASSERT_TRUE(all_flows(kBackWithin));
  std::vector<Duration> absences{seconds{1}};
  if (long_run()) absences.push_back(seconds{30});
  for (const Duration absence : absences) {
    brokers().signal(SIGKILL);
    pass(absence);
    brokers().start();
    ASSERT_TRUE(all_flows(kBackWithin));
  }
  expect_the_books_to_balance();
}

// Requests that are not answered in time are given up, and what they asked for is asked again.
TEST_P(KafkaOutage, P10ABrokerThatHangsLongerThanRequestsWaitIsSurvived) {
  begin_traffic();
  ASSERT_TRUE(all_flows(kBackWithin));
  brokers().signal(SIGSTOP);
  pass(long_run() ? seconds{75} : seconds{8});
  brokers().signal(SIGCONT);
  ASSERT_TRUE(all_flows(kBackWithin));
  expect_the_books_to_balance(of_a_hang());
}

// P4: its partitions may be another's by then, which nobody can tell it. What was fetched before waits with it.
TEST_P(KafkaOutage, P4AMemberThatHearsNothingForASessionHandsOutNothing) {
  declare_topic("orders", 1);
  publish_numbers("orders", 0, 50, 1);
  auto reader = join("g", "orders");
  const auto before = reader.next(1, deadline(seconds{2}));
  ASSERT_EQ(before.size(), 1u);
  brokers().signal(SIGSTOP);
  const auto at_once = reader.consumer().receive(1, now() + seconds{1});
  ASSERT_TRUE(at_once);
  EXPECT_THAT(at_once->deliveries, ::testing::SizeIs(1)) << "it was fetched";
  pass(kSession + seconds{1});
  const auto later = reader.consumer().receive(1, now() + seconds{1});
  ASSERT_TRUE(later);
  EXPECT_THAT(later->deliveries, IsEmpty());
  brokers().signal(SIGCONT);
  const auto after = reader.next(50 - 2, deadline(kBackWithin));
  EXPECT_THAT(after, Not(IsEmpty())) << "it goes on";
  for (const auto& delivery : after) EXPECT_FALSE(delivery.suspect) << "nobody died";
}

// Shorter than usual in the short form: requests wait a minute otherwise.
std::unique_ptr<Fixture> make_fixture(Room) {
  const std::string impatient = "&rdkafka.socket.timeout.ms=2000&rdkafka.request.timeout.ms=2000";
  return std::make_unique<KafkaFixture>(std::make_unique<KafkaBrokers>(),
                                        long_run() ? kFewSuspects : kFewSuspects + impatient);
}

INSTANTIATE_TEST_SUITE_P(Kafka, KafkaOutage, ::testing::Values(Driver{"kafka", make_fixture}), driver_name);

}  // namespace
}  // namespace tidings::conformance
