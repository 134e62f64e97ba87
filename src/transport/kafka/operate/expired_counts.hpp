// How many events of a topic are gone that a group had not settled. Control records of the driver, so that it is known
// after the group went on behind them.
//
// Wire:    docs/wire.md, "Control on Kafka".
// Threads: any. Blocks: as ControlLog.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "transport/kafka/control/kafka_control.hpp"

namespace tidings::kafka {

class ExpiredCounts final {
 public:
  explicit ExpiredCounts(std::shared_ptr<ControlLog> log) : records_{std::move(log), ControlSpace::driver} {}

  Result<void> add(const std::string& group, const std::string& topic, std::uint64_t count);
  // By group and topic.
  using All = std::map<std::pair<std::string, std::string>, std::uint64_t>;
  Result<All> all();
  // Of a group that is removed.
  Result<void> forget(const std::string& group);

 private:
  KafkaControl records_;
};

}  // namespace tidings::kafka
