#include "transport/kafka/dead_states.hpp"

#include <fmt/format.h>

#include "transport/kafka/kafka_limits.hpp"
#include "transport/kafka/topic_admin.hpp"
#include "transport/kafka/topic_reader.hpp"

namespace tidings::kafka {

namespace {
constexpr std::string_view kFloor = "floor/";  // TOPIC/PARTITION; an id begins with a digit
}

std::string_view to_string(DeadState state) {
  switch (state) {
    case DeadState::replayed:
      return "replayed";
    case DeadState::discarded:
      return "discarded";
    case DeadState::edited:
      return "edited";
  }
  return "";
}

Result<void> DeadStates::prepare() {
  const std::string topic = cluster_->names().dead_states();
  const auto there = cluster_->partitions(topic);
  if (!there) return there.error();
  if (*there) return {};
  const NewTopic states{.name = topic, .partitions = 1, .config = {{"cleanup.policy", "compact"}}};
  return create_topics(*cluster_, {&states, 1});
}

Message DeadStates::message(std::string key, std::optional<std::string> value) const {
  const std::string topic = cluster_->names().dead_states();
  return {.topic = topic,
          .record = {.topic = topic, .key = std::move(key), .body = std::move(value)},
          .copy = {},
          .partition = 0};
}

Message DeadStates::closing(const std::string& id, DeadState state) const {
  return message(id, std::string{to_string(state)});
}

std::vector<Message> DeadStates::raising(const DeadLetterId& floor) const {
  std::vector<Message> messages;
  messages.push_back(message(fmt::format("{}{}/{}", kFloor, floor.topic, floor.partition), text_of(floor)));
  const std::lock_guard lock{mutex_};
  const auto done = done_.find({floor.topic, floor.partition});
  if (done == done_.end()) return messages;
  for (const auto& [offset, id] : done->second) {
    if (offset >= floor.offset || messages.size() > kStatesErasedMax) break;
    messages.push_back(message(id, std::nullopt));
  }
  return messages;
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
    take(message);
    return true;
  });
  if (read) next_ = rest.end;
  return read;
}

void DeadStates::take(const rd_kafka_message_t& message) {
  const std::string key{static_cast<const char*>(message.key), message.key_len};
  const bool erased = message.payload == nullptr;
  const std::string value = erased ? "" : std::string{static_cast<const char*>(message.payload), message.len};
  const bool is_floor = key.starts_with(kFloor);
  const auto id = dead_letter_id(is_floor ? value : key);
  if (!id) return;
  const Place place{id->topic, id->partition};
  const std::lock_guard lock{mutex_};
  if (is_floor) {
    floors_.insert_or_assign(place, *id);
  } else if (!erased) {
    done_[place][id->offset] = key;
  } else if (const auto of = done_.find(place); of != done_.end()) {
    const auto found = of->second.find(id->offset);
    if (found != of->second.end() && found->second == key) of->second.erase(found);
  }
}

bool DeadStates::is_open(const DeadLetterId& id) const {
  const std::lock_guard lock{mutex_};
  const auto of = done_.find({id.topic, id.partition});
  if (of == done_.end()) return true;
  const auto found = of->second.find(id.offset);
  return found == of->second.end() || found->second != text_of(id);
}

std::optional<DeadLetterId> DeadStates::floor(const Place& place) const {
  const std::lock_guard lock{mutex_};
  const auto found = floors_.find(place);
  return found == floors_.end() ? std::nullopt : std::optional{found->second};
}

}  // namespace tidings::kafka
