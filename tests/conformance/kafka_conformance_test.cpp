// The suite on `kafka:`. All tests share one broker, each with a deployment of its own (a prefix); those that interrupt
// it start one for themselves.
#include <gtest/gtest.h>

#include "tests/conformance/kafka/kafka_fixture.hpp"
#include "tests/conformance/service/service_conformance.hpp"

namespace tidings::conformance {
namespace {

bool interrupts() {
  const std::string suite = ::testing::UnitTest::GetInstance()->current_test_info()->test_suite_name();
  return suite.ends_with("LifeConformance") || suite.ends_with("SoakConformance");
}

std::unique_ptr<Fixture> make_fixture(Room) {
  return std::make_unique<KafkaFixture>(interrupts() ? std::make_unique<KafkaBrokers>() : nullptr);
}

}  // namespace

const Driver kKafka{"kafka", make_fixture};

TIDINGS_CONFORMANCE(Kafka, kKafka);
TIDINGS_SERVICE_CONFORMANCE(Kafka, kKafka);

}  // namespace tidings::conformance
