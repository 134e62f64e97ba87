// The suite on `amqp:`. All tests share one server, each with a deployment of its own (a prefix); those that interrupt
// it start one for themselves.
#include <gtest/gtest.h>

#include "tests/conformance/rabbitmq/rabbitmq_fixture.hpp"
#include "tests/conformance/service/service_conformance.hpp"

namespace tidings::conformance {
namespace {

bool interrupts() {
  const std::string suite = ::testing::UnitTest::GetInstance()->current_test_info()->test_suite_name();
  return suite.ends_with("LifeConformance") || suite.ends_with("SoakConformance");
}

}  // namespace

const Driver kRabbitmq{
    "rabbitmq", [](Room) {
      return std::make_unique<RabbitmqFixture>(interrupts() ? std::make_unique<RabbitmqServers>() : nullptr);
    }};

TIDINGS_CONFORMANCE(Rabbitmq, kRabbitmq);
TIDINGS_SERVICE_CONFORMANCE(Rabbitmq, kRabbitmq);

}  // namespace tidings::conformance
