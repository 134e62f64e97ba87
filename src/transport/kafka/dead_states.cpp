#include "transport/kafka/dead_states.hpp"

#include "transport/kafka/topic_admin.hpp"
#include "transport/kafka/topic_reader.hpp"

namespace tidings::kafka {

Result<void> DeadStates::prepare() {
  const std::string topic = cluster_->names().dead_states();
  const auto there = cluster_->partitions(topic);
  if (!there) return there.error();
  if (*there) return {};
  const NewTopic states{.name = topic, .partitions = 1, .config = {{"cleanup.policy", "compact"}}};
  return create_topics(*cluster_, {&states, 1});
}

Result<void> DeadStates::refresh() {
  const std::string topic = cluster_->names().dead_states();
  const std::lock_guard refreshing{refreshing_};
  const auto there = cluster_->partitions(topic);
  if (!there) return there.error();
  if (!*there) return {};
  const auto end = cluster_->offsets({{topic, 0, 0}}, Bound::latest);
  if (!end) return end.error();
  const OffsetSpan rest{topic, 0, next_, end->front().offset};
  auto read = read_range(*cluster_, {&rest, 1}, [this](const rd_kafka_message_t& message) {
    const std::lock_guard lock{mutex_};
    std::string id{static_cast<const char*>(message.key), message.key_len};
    if (message.payload == nullptr) {
      done_.erase(id);
    } else {
      done_.insert(std::move(id));
    }
    return true;
  });
  if (read) next_ = rest.end;
  return read;
}

bool DeadStates::is_open(const std::string& id) const {
  const std::lock_guard lock{mutex_};
  return !done_.contains(id);
}

}  // namespace tidings::kafka
