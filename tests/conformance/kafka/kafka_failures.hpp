// What the tests of Kafka's failures share.
#pragma once

#include <string>

#include "tests/conformance/kafka/kafka_fixture.hpp"
#include "tests/conformance/service/traffic.hpp"

namespace tidings::conformance {

// Of the URL: what may have been in flight when a session ends runs alone, two commits each, up to so many of a
// partition.
inline const std::string kFewSuspects = "&suspect_window=32";

// On brokers of the test's own.
class KafkaFailures : public Traffic {
 protected:
  KafkaFixture& kafka() { return dynamic_cast<KafkaFixture&>(fixture()); }
  const KafkaBrokers& brokers() { return kafka().brokers(); }
  // After a hang: in its long form an event is refused before the end of it (PublisherOptions::deliver_within), and
  // with the client that gave it up goes what is known of those behind it.
  static Stands of_a_hang() { return long_run() ? Stands::again : Stands::once; }
};

}  // namespace tidings::conformance
