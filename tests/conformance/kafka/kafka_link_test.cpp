// C17: links that are cut, slow, or lead nowhere, while services publish and consume through them.
#include "tests/conformance/kafka/kafka_failures.hpp"

namespace tidings::conformance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kBackWithin = seconds{40};
constexpr std::size_t kSlow = 4'000;  // bytes a second: less than the feeders send

class KafkaLinks : public KafkaFailures {
 protected:
  KafkaLinks() { kafka().look_at(brokers().direct_url()); }
  testing::TcpProxy& link() { return brokers().proxy(); }
};

TEST_P(KafkaLinks, P10ConnectionsThatBreakAgainAndAgainLoseNothing) {
  begin_traffic();
  ASSERT_TRUE(all_flows(kBackWithin));
  for (int cuts = long_run() ? 100 : 8; cuts > 0; --cuts) {
    pass(milliseconds{50 + executor().random() % 700});
    ASSERT_TRUE(look_until(kBackWithin, [&] { return link().connections() > 0; }));
    link().cut();
  }
  ASSERT_TRUE(all_flows(kBackWithin));
  link().refuse();
  pass(seconds{long_run() ? 30 : 3});
  link().mend();
  ASSERT_TRUE(all_flows(kBackWithin));
  expect_the_books_to_balance();
}

TEST_P(KafkaLinks, P10LinksThatAreSlowOrLeadNowhereLoseNothing) {
  begin_traffic();
  ASSERT_TRUE(all_flows(kBackWithin));
  const std::size_t before = entries("confirmed", "").size();
  link().slow_down(kSlow);
  pass(seconds{long_run() ? 30 : 6});
  EXPECT_GT(entries("confirmed", "").size(), before) << "slow is not gone";
  link().mend();
  ASSERT_TRUE(all_flows(kBackWithin));
  link().hold();
  const std::uint64_t passed = link().passed();
  pass(seconds{long_run() ? 75 : 6});  // longer than a session
  EXPECT_EQ(link().passed(), passed);
  link().mend();
  ASSERT_TRUE(all_flows(kBackWithin));
  expect_the_books_to_balance(of_a_hang());
}

std::unique_ptr<Fixture> make_fixture(Room) {
  return std::make_unique<KafkaFixture>(std::make_unique<KafkaBrokers>(KafkaBrokersSpec{.proxied = true}),
                                        kFewSuspects);
}

INSTANTIATE_TEST_SUITE_P(Kafka, KafkaLinks, ::testing::Values(Driver{"kafka", make_fixture}), driver_name);

}  // namespace
}  // namespace tidings::conformance
