// The topic of an event that does not say it, as those of others: by its routing key, from what any instance declared.
//
// Threads: one at a time. Blocks: as Control, where a routing key is new.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tidings/executor.hpp"
#include "tidings/transport/control.hpp"

namespace tidings::rabbitmq {

class EventTopics final {
 public:
  // `control`: the users'.
  EventTopics(std::shared_ptr<Executor> executor, std::shared_ptr<transport::Control> control)
      : executor_{std::move(executor)}, control_{std::move(control)} {}

  // Of several topics of one type the first by name; `otherwise` where none is known.
  std::string of(const std::string& routing_key, const std::string& otherwise);
  // The unsplit routing keys of the declared types that a pattern matches: it does not match these.
  Result<std::vector<std::string>> unsplit_keys(const std::string& pattern) const;

 private:
  void learn();

  const std::shared_ptr<Executor> executor_;
  const std::shared_ptr<transport::Control> control_;
  std::map<std::string, std::string> topics_;  // by routing key: as many as types were declared
  Time look_not_before_{};
};

}  // namespace tidings::rabbitmq
