// D15: links that are cut, slow, or lead nowhere, while services publish and consume through them.
#include "tests/conformance/rabbitmq/rabbitmq_failures.hpp"

namespace tidings::conformance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kSlow = 4'000;  // bytes a second: less than the feeders send

class RabbitmqLinks : public RabbitmqFailures {
 protected:
  RabbitmqLinks() { rabbitmq().look_at(servers().direct_url()); }
  testing::TcpProxy& link() { return servers().proxy(); }
};

TEST_P(RabbitmqLinks, P10ConnectionsThatBreakAgainAndAgainLoseNothing) {
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
  expect_the_books_to_balance(Stands::again);
}

TEST_P(RabbitmqLinks, P10LinksThatAreSlowOrLeadNowhereLoseNothing) {
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
  pass(long_run() ? Duration{seconds{75}} : 3 * kHeartbeat);
  EXPECT_EQ(link().passed(), passed);
  link().mend();
  ASSERT_TRUE(all_flows(kBackWithin));
  expect_the_books_to_balance(Stands::again);
}

std::unique_ptr<Fixture> make_fixture(Room) {
  return std::make_unique<RabbitmqFixture>(std::make_unique<RabbitmqServers>(RabbitmqServersSpec{.proxied = true}));
}

INSTANTIATE_TEST_SUITE_P(Rabbitmq, RabbitmqLinks, ::testing::Values(Driver{"rabbitmq", make_fixture}), driver_name);

}  // namespace
}  // namespace tidings::conformance
