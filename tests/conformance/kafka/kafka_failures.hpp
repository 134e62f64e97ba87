// What the tests of Kafka's failures share: services at work, and what must be true of them in the end.
#pragma once

#include <string>
#include <vector>

#include "tests/conformance/kafka/kafka_fixture.hpp"
#include "tests/conformance/service/service_conformance.hpp"

namespace tidings::conformance {

// Of the URL: what may have been in flight when a session ends runs alone, two commits each, up to so many of a
// partition.
inline const std::string kFewSuspects = "&suspect_window=32";

// Two workers of one group and two feeders, on brokers of the test's own.
class KafkaFailures : public ServiceConformance {
 protected:
  KafkaFixture& kafka() { return dynamic_cast<KafkaFixture&>(fixture()); }
  const KafkaBrokers& brokers() { return kafka().brokers(); }

  void begin_traffic();
  // Whether an event of each key that is published from now on is confirmed, and handled, in time.
  bool all_flows(Duration within);
  // What of an event may stand in a topic: a publisher whose client dies of what the brokers lost sends again, in
  // order, what was not confirmed.
  enum class Stands { once, again };
  // After a hang: in its long form an event is refused before the end of it (PublisherOptions::deliver_within), and
  // with the client that gave it up goes what is known of those behind it.
  static Stands of_a_hang() { return long_run() ? Stands::again : Stands::once; }
  // Ends the feeders, and waits until all that was confirmed is handled. Then: nothing that was confirmed is lost or
  // doubled, each key was in order, no event paid for it, and the services are those that were started.
  void expect_the_books_to_balance(Stands stands = Stands::once);
  // As within(), for what takes long to look at.
  bool look_until(Duration within, const std::function<bool()>& done);
  void pass(Duration time) { executor().sleep_until(now() + time); }

 private:
  std::map<std::string, int> highest(const std::string& step, const std::string& group);
  void tell_of(const std::string& key, const std::map<std::string, int>& before);
};

}  // namespace tidings::conformance
