// What the tests of RabbitMQ's failures share.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/conformance/rabbitmq/rabbitmq_fixture.hpp"
#include "tests/conformance/service/traffic.hpp"

namespace tidings::conformance {

inline constexpr Duration kHeartbeat = std::chrono::seconds{2};  // the fixture's
// All that has to happen until events flow again: connections are found dead and opened, queues are shared out.
inline constexpr Duration kBackWithin = std::chrono::seconds{40};

// On servers of the test's own. What was unconfirmed when a connection was lost is sent again: it may stand there
// twice.
class RabbitmqFailures : public Traffic {
 protected:
  RabbitmqFixture& rabbitmq() { return dynamic_cast<RabbitmqFixture&>(fixture()); }
  const RabbitmqServers& servers() { return rabbitmq().servers(); }
  std::string ctl(std::vector<std::string> arguments) { return servers().ctl(std::move(arguments)); }
};

}  // namespace tidings::conformance
