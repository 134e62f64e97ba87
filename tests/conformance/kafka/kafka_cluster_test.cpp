// C18: three brokers, each topic on all of them, confirmed by two.
#include <csignal>
#include <iostream>

#include "tests/conformance/kafka/kafka_failures.hpp"

namespace tidings::conformance {
namespace {

using std::chrono::seconds;

constexpr int kBrokers = 3;
constexpr Duration kBackWithin = seconds{60};
constexpr Duration kDeliverWithin = seconds{2};
constexpr Duration kUnderFire = std::chrono::minutes{2};  // in the long form

// While a replica is dead and not yet known to be, the coordinator holds commits for five seconds, and heartbeats
// behind them.
const std::string kUsualSession = "&session_timeout=10s";

class KafkaCluster : public KafkaFailures {
 protected:
  // Kills it, waits until all flows without it, and brings it back.
  void lose(int broker) {
    SCOPED_TRACE("broker " + std::to_string(broker));
    brokers().signal(SIGKILL, broker);
    ASSERT_TRUE(all_flows(kBackWithin));
    brokers().start(broker);
    ASSERT_TRUE(look_until(kBackWithin, [&] { return kafka().in_sync(); })) << "it does not catch up";
  }
  void lose_each_in_turn(Duration time) {
    const Time end = now() + time;
    while (now() < end) {
      for (int broker = 1; broker <= kBrokers; ++broker) ASSERT_NO_FATAL_FAILURE(lose(broker));
    }
  }
  // One alone cannot confirm what two must have.
  void expect_a_refusal() {
    std::optional<Error> refusal;
    const Time sent = now();
    send_async({{{.number = 1}, "probe"}}, [&](const Result<void>& outcome) {
      if (!outcome) refusal = outcome.error();
    });
    static_cast<void>(flush());
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->kind, ErrorKind::unavailable);
    EXPECT_GE(now() - sent, kDeliverWithin);
    std::cout << refusal->message << std::endl;
  }
};

// The controller leads some partitions, too, and coordinates some groups and transactions.
TEST_P(KafkaCluster, P10AnyOneOfThreeMayDieUnderLoadAndTwoStopItForAsLongAsTheyAreDead) {
  try_for(kDeliverWithin);
  begin_traffic();
  ASSERT_TRUE(all_flows(kBackWithin));
  const int controller = brokers().controller();
  ASSERT_GT(controller, 0);
  ASSERT_NO_FATAL_FAILURE(lose(controller));
  ASSERT_NO_FATAL_FAILURE(lose_each_in_turn(long_run() ? kUnderFire : Duration{0}));

  send({{{.number = 0}, "probe"}});
  for (int broker = 1; broker <= kBrokers; ++broker) {
    if (broker != controller) brokers().signal(SIGKILL, broker);
  }
  ASSERT_NO_FATAL_FAILURE(expect_a_refusal());
  brokers().start();
  ASSERT_TRUE(all_flows(kBackWithin));
  send({{{.number = 2}, "probe"}});
  expect_the_books_to_balance(Stands::again);
}

std::unique_ptr<Fixture> make_fixture(Room) {
  return std::make_unique<KafkaFixture>(std::make_unique<KafkaBrokers>(KafkaBrokersSpec{.count = kBrokers}),
                                        kFewSuspects + "&replication=3" + kUsualSession);
}

INSTANTIATE_TEST_SUITE_P(Kafka, KafkaCluster, ::testing::Values(Driver{"kafka", make_fixture}), driver_name);

}  // namespace
}  // namespace tidings::conformance
