#include "transport/kafka/operate/dead_states.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "transport/kafka/admin/topic_admin.hpp"
#include "transport/kafka/admin/topic_reader.hpp"
#include "transport/kafka/client/kafka_limits.hpp"

namespace tidings::kafka {

namespace {

// Before TOPIC/PARTITION; an id begins with a digit.
constexpr std::string_view kFloor = "floor/";
constexpr std::string_view kRange = "range/";

std::optional<DeadStates::Place> place_of(std::string_view name) {
  const auto slash = name.rfind('/');
  if (slash == name.npos) return std::nullopt;
  const std::string_view number = name.substr(slash + 1);
  std::int32_t partition = 0;
  const auto [end, fault] = std::from_chars(number.data(), number.data() + number.size(), partition);
  if (fault != std::errc{} || end != number.data() + number.size()) return std::nullopt;
  return DeadStates::Place{name.substr(0, slash), partition};
}

// The floor itself, and the last one of a range, keep theirs: versions that know no ranges read from the floor on.
bool needs_no_state(const DeadCover& cover, std::int64_t offset) {
  if (cover.floor && offset < cover.floor->offset) return true;
  return std::any_of(cover.ranges.begin(), cover.ranges.end(),
                     [&](const DeadRange& range) { return range.first <= offset && offset < range.last; });
}

}  // namespace

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

std::vector<Message> DeadStates::covering(const Place& place, const DeadCover& before, const DeadCover& now) const {
  const auto key = [&](std::string_view kind) { return fmt::format("{}{}/{}", kind, place.first, place.second); };
  std::vector<Message> messages;
  if (now.floor && now.floor != before.floor) messages.push_back(message(key(kFloor), text_of(*now.floor)));
  if (now.ranges != before.ranges) {
    messages.push_back(message(key(kRange), now.ranges.empty() ? std::nullopt : std::optional{text_of(now.ranges)}));
  }
  const std::lock_guard lock{mutex_};
  const auto done = done_.find(place);
  if (done == done_.end()) return messages;
  std::size_t erased = 0;
  for (const auto& [offset, id] : done->second) {
    if (!needs_no_state(now, offset)) continue;
    if (++erased > kStatesErasedMax) break;
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
  if (key.starts_with(kRange)) return take_ranges(key.substr(kRange.size()), value);
  const bool is_floor = key.starts_with(kFloor);
  const auto id = dead_letter_id(is_floor ? value : key);
  if (!id) return;
  const Place place{id->topic, id->partition};
  const std::lock_guard lock{mutex_};
  if (is_floor) {
    covers_[place].floor = *id;
  } else if (!erased) {
    done_[place][id->offset] = key;
  } else if (const auto of = done_.find(place); of != done_.end()) {
    const auto found = of->second.find(id->offset);
    if (found != of->second.end() && found->second == key) of->second.erase(found);
  }
}

// None: `value` is empty.
void DeadStates::take_ranges(std::string_view name, std::string_view value) {
  const auto place = place_of(name);
  auto ranges = dead_ranges(value);
  if (!place || !ranges) return;
  const std::lock_guard lock{mutex_};
  covers_[*place].ranges = *std::move(ranges);
}

bool DeadStates::is_open(const DeadLetterId& id) const {
  const std::lock_guard lock{mutex_};
  const auto of = done_.find({id.topic, id.partition});
  if (of == done_.end()) return true;
  const auto found = of->second.find(id.offset);
  return found == of->second.end() || found->second != text_of(id);
}

DeadCover DeadStates::cover(const Place& place) const {
  const std::lock_guard lock{mutex_};
  const auto found = covers_.find(place);
  return found == covers_.end() ? DeadCover{} : found->second;
}

}  // namespace tidings::kafka
