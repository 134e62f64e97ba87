#include "transport/rabbitmq/consume/owned_queue.hpp"

#include <algorithm>

#include "base/fnv1a.hpp"
#include "transport/driver/delivery_token.hpp"
#include "transport/rabbitmq/consume/trials.hpp"

namespace tidings::rabbitmq {

using transport::Delivery;

namespace {

// Of a place: the lower part is of the tag, the upper one of the message's id.
constexpr unsigned kTagBits = 24, kHashBits = transport::kPlaceBits - kTagBits;
constexpr std::uint64_t kTagMask = (std::uint64_t{1} << kTagBits) - 1;
constexpr std::uint64_t kHashMask = (std::uint64_t{1} << kHashBits) - 1;

std::int64_t place_of(const Message& message) {
  const auto& record = message.record();
  const std::uint64_t hash = folded_fnv1a(record.id.empty() ? record.body.value_or(std::string_view{}) : record.id);
  return static_cast<std::int64_t>((hash & kHashMask) << kTagBits | (message.tag() & kTagMask));
}
std::int64_t hash_in(std::int64_t place) {
  return place >> kTagBits;
}

}  // namespace

void OwnedQueue::arrive(std::shared_ptr<const Message> message, Time now) {
  const std::uint64_t tag = message->tag();
  const std::int64_t place = place_of(*message);
  Known known = known_of(*message, place);
  if (is_behind_all(*message)) {
    for (const auto& [key, attempts] : std::exchange(before_.trials, {})) gone_.push_back(key);
  }
  if (known.not_before.value_or(Time{}) <= now) known.not_before.reset();
  if (known.not_before) {
    early_.emplace(*known.not_before, tag);
  } else {
    waiting_.insert(waiting_.end(), tag);
  }
  held_.emplace_hint(held_.end(), tag, Held{.message = std::move(message), .known = std::move(known), .place = place});
}

std::vector<std::string> OwnedQueue::take_gone() {
  return std::exchange(gone_, {});
}

// What was handed out comes first: behind it, nothing was; unless others have it, too.
bool OwnedQueue::is_behind_all(const Message& message) const {
  return !message.redelivered() && !before_.competing;
}

OwnedQueue::Known OwnedQueue::known_of(const Message& message, std::int64_t place) {
  Known known;
  if (const auto& copy = message.copy()) {
    known.attempts = copy->attempts;
    known.replays = copy->replays;
    known.replay_id = copy->replay_id;
    known.not_before = copy->attempts.due;
  }
  known.suspect = is_suspect(message, place);
  if (before_.trials.empty()) return known;
  const auto tried = before_.trials.find(Trials::key_of(message));
  if (tried == before_.trials.end()) return known;
  if (tried->second.failed >= known.attempts.failed) {
    known.attempts = tried->second;
    known.not_before.reset();  // it waits with who has it
  }
  known.trial = tried->first;
  before_.trials.erase(tried);
  return known;
}

bool OwnedQueue::is_suspect(const Message& message, std::int64_t place) {
  QueueSuspects& suspects = before_.suspects;
  if (is_behind_all(message)) suspects = {};
  if (suspects.are == QueueSuspects::Are::all) return message.redelivered();
  return suspects.are == QueueSuspects::Are::these &&
         std::erase_if(suspects.places, [&](std::int64_t other) { return hash_in(other) == hash_in(place); }) > 0;
}

QueueSuspects OwnedQueue::suspects() const {
  QueueSuspects suspects = before_.suspects;
  for (const auto& [tag, held] : held_) {
    if (held.known.suspect) suspects.places.insert(held.place);
  }
  if (suspects.are == QueueSuspects::Are::none && !suspects.places.empty()) suspects.are = QueueSuspects::Are::these;
  if (suspects.are == QueueSuspects::Are::these && suspects.places.empty()) suspects.are = QueueSuspects::Are::none;
  return suspects;
}

std::vector<OwnedQueue::Known> OwnedQueue::marked() const {
  std::vector<Known> marked;
  for (const auto& [tag, held] : held_) {
    if (held.known.marked) marked.push_back(held.known);
  }
  return marked;
}

std::optional<Time> OwnedQueue::oldest() const {
  return held_.empty() ? std::nullopt : held_.begin()->second.message->record().time;
}

std::uint64_t OwnedQueue::token_of(std::uint64_t tag) const {
  return transport::token_of(slot_, held_.at(tag).place);
}

std::optional<std::uint64_t> OwnedQueue::tag_of(std::uint64_t token) const {
  if (held_.empty()) return std::nullopt;
  const std::int64_t place = transport::place_of(token);
  const std::uint64_t first = held_.begin()->first;
  std::uint64_t tag = (first & ~kTagMask) | (static_cast<std::uint64_t>(place) & kTagMask);
  if (tag < first) tag += kTagMask + 1;
  for (; tag <= held_.rbegin()->first; tag += kTagMask + 1) {
    const auto held = held_.find(tag);
    if (held != held_.end() && held->second.place == place) return tag;
  }
  return std::nullopt;
}

void OwnedQueue::take_away(std::uint64_t tag) {
  waiting_.erase(tag);
  std::erase_if(early_, [tag](const auto& early) { return early.second == tag; });
  out_.insert(tag);
  out_bytes_ += held_.at(tag).message->bytes();
  settling_.insert(tag);
}

void OwnedQueue::hand_out(Room& room, Time now, std::vector<Delivery>& to) {
  if (paused_ || stops_at_) return;
  while (waits_until() <= now) {
    waiting_.insert(early_.begin()->second);
    early_.erase(early_.begin());
  }
  to.reserve(to.size() + std::min(room.records, waiting_.size()));
  while (!waiting_.empty() && room.records > 0 && room.bytes > 0) {
    const std::uint64_t tag = *waiting_.begin();
    out_.insert(out_.end(), waiting_.extract(waiting_.begin()));
    give(held_.at(tag), room, to);
  }
}

void OwnedQueue::give(const Held& held, Room& room, std::vector<Delivery>& to) {
  const std::size_t bytes = held.message->bytes();
  out_bytes_ += bytes;
  --room.records;
  room.bytes -= static_cast<std::int64_t>(bytes);
  to.push_back({.token = transport::token_of(slot_, held.place),
                .partition = id_,
                .record = held.message->record(),
                .attempts = held.known.attempts,
                .suspect = held.known.suspect,
                .replay_id = held.known.replay_id,
                .replays = held.known.replays,
                .memory = held.message});
}

const Message* OwnedQueue::out(std::uint64_t tag) const {
  if (!out_.contains(tag) || settling_.contains(tag)) return nullptr;
  return held_.at(tag).message.get();
}

void OwnedQueue::release(std::uint64_t tag) {
  out_bytes_ -= held_.at(tag).message->bytes();
  out_.erase(tag);
  settling_.erase(tag);
  waiting_.insert(tag);
}

void OwnedQueue::settle(std::uint64_t tag) {
  const auto held = held_.find(tag);
  out_bytes_ -= held->second.message->bytes();
  settling_.erase(tag);
  held_.erase(held);
  settled_.insert(settled_.end(), out_.extract(tag));
}

std::vector<OwnedQueue::Ack> OwnedQueue::take_acks() {
  std::vector<Ack> acks;
  auto first_single = settled_.begin();
  if (!held_.empty()) {
    first_single = settled_.lower_bound(held_.begin()->first);
  } else {
    first_single = settled_.end();
  }
  if (first_single != settled_.begin()) acks.push_back({*std::prev(first_single), true});
  for (auto single = first_single; single != settled_.end(); ++single) acks.push_back({*single, false});
  settled_.clear();
  return acks;
}

}  // namespace tidings::rabbitmq
