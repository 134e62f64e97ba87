// D16: three servers, each queue on all of them.
#include "tests/conformance/rabbitmq/rabbitmq_failures.hpp"

namespace tidings::conformance {
namespace {

constexpr int kServers = 3;
constexpr Duration kUnderFire = std::chrono::minutes{2};  // in the long form
constexpr Duration kAllBackWithin = std::chrono::seconds{60};

class RabbitmqCluster : public RabbitmqFailures {
 protected:
  // Kills it, waits until all flows without it, and brings it back.
  void lose(int server) {
    SCOPED_TRACE("server " + std::to_string(server));
    servers().kill(server);
    ASSERT_TRUE(all_flows(kAllBackWithin));
    servers().start(server);
    ctl({"await_online_nodes", std::to_string(kServers), "--timeout", "60"});
  }
};

TEST_P(RabbitmqCluster, P10AnyOneOfThreeMayDieUnderLoad) {
  begin_traffic();
  ASSERT_TRUE(all_flows(kAllBackWithin));
  const Time end = now() + (long_run() ? kUnderFire : Duration{0});
  do {
    for (int server = 1; server <= kServers; ++server) ASSERT_NO_FATAL_FAILURE(lose(server));
  } while (now() < end);
  expect_the_books_to_balance(Stands::again);
}

std::unique_ptr<Fixture> make_fixture(Room) {
  return std::make_unique<RabbitmqFixture>(std::make_unique<RabbitmqServers>(RabbitmqServersSpec{.count = kServers}));
}

INSTANTIATE_TEST_SUITE_P(Rabbitmq, RabbitmqCluster, ::testing::Values(Driver{"rabbitmq", make_fixture}), driver_name);

}  // namespace
}  // namespace tidings::conformance
