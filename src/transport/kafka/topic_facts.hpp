// What Kafka cannot say of a topic: whether it holds commands, and what was asked of its retention.
//
// Wire:    docs/wire.md, "Control on Kafka". Threads: any. Blocks: as ControlLog.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "tidings/transport/retention.hpp"
#include "transport/kafka/kafka_control.hpp"

namespace tidings::kafka {

struct TopicFact {
  bool command = false;
  transport::Retention retention;  // as declared, or set by operators
  std::uint64_t version = 0;       // of its record; 0: there is none
};

class TopicFacts final {
 public:
  explicit TopicFacts(std::shared_ptr<ControlLog> log) : records_{std::move(log), ControlSpace::driver} {}

  Result<TopicFact> of(const std::string& topic);
  Result<std::map<std::string, TopicFact>> all();
  // conflict: it is not at the fact's version any more.
  Result<void> put(const std::string& topic, const TopicFact& fact);

 private:
  KafkaControl records_;
};

}  // namespace tidings::kafka
