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

// `more`: of the URL, with its `&`.
Driver driver(const std::string& more) {
  return {"kafka", [more](Room) {
            return std::make_unique<KafkaFixture>(interrupts() ? std::make_unique<KafkaBrokers>() : nullptr, more);
          }};
}

}  // namespace

const Driver kKafka = driver("");
// What handlers publish and their settlements are one step.
const Driver kTransactional = driver("&transactional=yes");

TIDINGS_CONFORMANCE(Kafka, kKafka);
TIDINGS_SERVICE_CONFORMANCE(Kafka, kKafka);
// Of it, what settlements have to do with.
TIDINGS_CONFORMANCE_SUITE(KafkaTransactional, SettlingConformance, kTransactional);
TIDINGS_CONFORMANCE_SUITE(KafkaTransactional, RetryConformance, kTransactional);
TIDINGS_CONFORMANCE_SUITE(KafkaTransactional, HandOverConformance, kTransactional);
TIDINGS_CONFORMANCE_SUITE(KafkaTransactional, DeadLetterConformance, kTransactional);
TIDINGS_CONFORMANCE_SUITE(KafkaTransactional, RetryingConformance, kTransactional);
TIDINGS_CONFORMANCE_SUITE(KafkaTransactional, ReplayingConformance, kTransactional);
TIDINGS_CONFORMANCE_SUITE(KafkaTransactional, PoisonConformance, kTransactional);
TIDINGS_CONFORMANCE_SUITE(KafkaTransactional, OnceConformance, kTransactional);
TIDINGS_CONFORMANCE_SUITE(KafkaTransactional, SpreadConformance, kTransactional);

}  // namespace tidings::conformance
