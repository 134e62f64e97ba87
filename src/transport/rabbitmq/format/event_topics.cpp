#include "transport/rabbitmq/format/event_topics.hpp"

#include <algorithm>
#include <set>

#include "tidings/type_name.hpp"
#include "transport/driver/pattern_topics.hpp"
#include "transport/rabbitmq/format/amqp_names.hpp"
#include "transport/rabbitmq/link/rabbitmq_limits.hpp"

namespace tidings::rabbitmq {

std::string EventTopics::of(const std::string& routing_key, const std::string& otherwise) {
  auto found = topics_.find(routing_key);
  if (found == topics_.end() && executor_->now() >= look_not_before_) {
    learn();
    found = topics_.find(routing_key);
  }
  return found == topics_.end() ? otherwise : found->second;
}

Result<std::vector<std::string>> EventTopics::unsplit_keys(const std::string& pattern) const {
  const auto declared = control_->list(transport::kPublishedPrefix);
  if (!declared) return declared.error();
  std::set<std::string> keys;
  for (const auto& record : *declared) {
    const auto published = transport::published_from_key(record.key);
    if (!published || !pattern_matches(pattern, dotted_type(published->type))) continue;
    keys.insert(unsplit_type(published->type));
  }
  return std::vector<std::string>{keys.begin(), keys.end()};
}

// Where that fails, what was known before holds.
void EventTopics::learn() {
  const auto declared = control_->list(transport::kPublishedPrefix);
  look_not_before_ = executor_->now() + kTopicsKnownFor;
  if (!declared) return;
  for (const auto& record : *declared) {
    const auto published = transport::published_from_key(record.key);
    if (!published) continue;
    for (const std::string& key : routing_keys(published->type, published->topic)) {
      const auto known = topics_.emplace(key, published->topic).first;
      known->second = std::min(known->second, published->topic);
    }
  }
}

}  // namespace tidings::rabbitmq
