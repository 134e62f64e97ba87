#include "transport/rabbitmq/catalog/incoming_queues.hpp"

#include <fmt/format.h>

namespace tidings::rabbitmq {

Result<SubscriptionQueues> IncomingQueues::now() {
  if (topic_.empty()) return known_.incoming();  // of a pattern: their number is no topic's
  const std::string key = transport::topic_fact_key(topic_);
  const auto records = log_->list_read(ControlSpace::driver, key);
  for (const auto& record : records.value_or(std::vector<transport::ControlRecord>{})) {
    if (record.key != key || record.version <= version_) continue;
    version_ = record.version;
    QueueGenerations found = of_(transport::topic_fact(record));
    if (found.now.name == known_.now.name) {
      known_ = std::move(found);
      continue;
    }
    version_ = 0;  // it is refused each time
    return conflict(fmt::format(
        "the subscription to topic '{}' is read from {} queue{} '{}' now, and '{}' from before is empty: "
        "start this instance anew",
        topic_, found.now.read.size(), found.now.read.size() == 1 ? "" : "s", found.now.name, known_.now.name));
  }
  return known_.incoming();
}

}  // namespace tidings::rabbitmq
