#include "transport/rabbitmq/owned_queue.hpp"

#include "transport/delivery_token.hpp"
#include "transport/rabbitmq/trials.hpp"

namespace tidings::rabbitmq {

using transport::Delivery;

void OwnedQueue::arrive(std::shared_ptr<const Message> message, Known known) {
  const std::uint64_t tag = message->tag();
  if (known.not_before) {
    early_.emplace(*known.not_before, tag);
  } else {
    waiting_.insert(tag);
  }
  held_.emplace(tag, Held{std::move(message), std::move(known)});
}

std::vector<std::string> OwnedQueue::keys() const {
  std::vector<std::string> keys;
  for (const auto& [tag, held] : held_) keys.push_back(Trials::key_of(*held.message));
  return keys;
}

std::vector<OwnedQueue::Known> OwnedQueue::all_known() const {
  std::vector<Known> all;
  for (const auto& [tag, held] : held_) all.push_back(held.known);
  return all;
}

void OwnedQueue::take_away(std::uint64_t tag) {
  waiting_.erase(tag);
  std::erase_if(early_, [tag](const auto& early) { return early.second == tag; });
  out_.insert(tag);
  out_bytes_ += held_.at(tag).message->bytes();
  settling_.insert(tag);
}

void OwnedQueue::hand_out(Room& room, Time now, std::vector<Delivery>& to) {
  if (paused_ || stopped_) return;
  while (waits_until() <= now) {
    waiting_.insert(early_.begin()->second);
    early_.erase(early_.begin());
  }
  while (!waiting_.empty() && room.records > 0 && room.bytes > 0) {
    const std::uint64_t tag = *waiting_.begin();
    waiting_.erase(waiting_.begin());
    give(tag, held_.at(tag), room, to);
  }
}

void OwnedQueue::give(std::uint64_t tag, Held& held, Room& room, std::vector<Delivery>& to) {
  const std::size_t bytes = held.message->bytes();
  out_.insert(tag);
  out_bytes_ += bytes;
  --room.records;
  room.bytes -= static_cast<std::int64_t>(bytes);
  to.push_back({.token = transport::token_of(slot_, tag),
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

void OwnedQueue::retry(std::uint64_t tag, const transport::Attempts& attempts) {
  Known& known = held_.at(tag).known;
  known.attempts = attempts;
  known.suspect = false;
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
  out_.erase(tag);
  settling_.erase(tag);
  held_.erase(held);
  settled_.insert(tag);
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
