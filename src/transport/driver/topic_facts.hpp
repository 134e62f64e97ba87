// What a broker cannot say of a topic: whether it holds commands, and what was asked of it.
//
// Wire:    docs/wire.md, "Control on Kafka" and "Control on RabbitMQ".
// Threads: any. Blocks: as Control.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tidings/transport/control.hpp"
#include "tidings/transport/retention.hpp"

namespace tidings::transport {

struct TopicFact {
  bool command = false;
  std::optional<std::int32_t> partitions;  // where the broker does not know
  Retention retention;                     // as declared, or set by operators
  // Where a topic's partitions are queues of its subscriptions, each change of their number makes new ones.
  std::uint32_t generation = 0;
  std::optional<std::int32_t> next;  // partitions that it is being changed to
  std::optional<std::int32_t> last;  // those of the generation before, which are not removed yet
  std::uint64_t version = 0;         // of its record; 0: there is none

  friend bool operator==(const TopicFact&, const TopicFact&) = default;
};

std::string topic_fact_key(std::string_view topic);
std::string text_of(const TopicFact& fact);
TopicFact topic_fact(const ControlRecord& record);  // lines of others are skipped

class TopicFacts final {
 public:
  // The driver's own.
  explicit TopicFacts(std::shared_ptr<Control> records) : records_{std::move(records)} {}

  Result<TopicFact> of(const std::string& topic);
  Result<std::map<std::string, TopicFact>> all();
  // conflict: it is not at the fact's version any more.
  Result<void> put(const std::string& topic, const TopicFact& fact);

 private:
  const std::shared_ptr<Control> records_;
};

}  // namespace tidings::transport
