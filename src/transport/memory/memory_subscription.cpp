#include "transport/memory/memory_subscription.hpp"

#include <algorithm>

#include "base/flaw.hpp"

namespace tidings::memory {

using transport::Delivery;
using transport::Notice;
using transport::PartitionId;

namespace {

// What was, or may have been, in a handler.
std::map<PartitionId, std::set<EntryId>> running_of(const Member& member) {
  std::map<PartitionId, std::set<EntryId>> running;
  const auto add = [&](const InFlight* flight) {
    if (flight != nullptr) running[flight->partition].insert(flight->entry);
  };
  for (const auto& slot : member.board->slots) add(member.in_flight.find(slot.load()));
  if (member.board->slots.empty()) member.in_flight.for_each([&](const InFlight& flight) { add(&flight); });
  return running;
}

// Adds to the last notice when it says the same of other partitions.
void notify(Member& member, Notice::Kind kind, const PartitionId& partition, Time deadline) {
  if (member.notices.empty() || member.notices.back().kind != kind || member.notices.back().deadline != deadline) {
    member.notices.push_back({.kind = kind, .partitions = {}, .deadline = deadline});
  }
  member.notices.back().partitions.push_back(partition);
}

}  // namespace

void MemorySubscription::read(const std::string& topic, const TopicLog& log) {
  if (!topics_.insert(topic).second) return;
  for (std::int32_t partition = 0; partition < log.partitions(); ++partition) {
    const PartitionId id{topic, partition};
    slices_.emplace(id, Slice{partition, start_});
    ownership_.add(id);
  }
}

void MemorySubscription::join(Member& member) {
  members_.emplace(member.id, &member);
  ownership_.join(member.id);
}

void MemorySubscription::leave(Member& member, Going going, Time now) {
  give_back(member, going);
  ownership_.leave(member.id);
  members_.erase(member.id);
  left_ = now;
}

void MemorySubscription::detach(Member& member) {
  for (const auto& [partition, holding] : ownership_.holdings()) {
    if (holding.owner == member.id) notify(member, Notice::Kind::lost, partition, kNever);
  }
  give_back(member, Going::left);
  ownership_.leave(member.id);
  member.away = true;
}

void MemorySubscription::attach(Member& member) {
  member.away = false;
  member.notices.push_back({.kind = Notice::Kind::reconnected, .partitions = {}});
  ownership_.join(member.id);
}

void MemorySubscription::give_back(Member& member, Going going) {
  auto running = running_of(member);
  for (const auto& [partition, holding] : ownership_.holdings()) {
    if (holding.owner != member.id) continue;
    if (going == Going::crashed) {
      slices_.at(partition).owner_crashed(running[partition]);
    } else {
      slices_.at(partition).owner_left();
    }
  }
  member.in_flight.clear();
  member.paused.clear();
}

std::size_t MemorySubscription::owned_by(MemberId member) const {
  const auto& holdings = ownership_.holdings();
  return static_cast<std::size_t>(
      std::count_if(holdings.begin(), holdings.end(), [&](const auto& item) { return item.second.owner == member; }));
}

MemberId MemorySubscription::owner_of(const PartitionId& partition) const {
  const auto found = ownership_.holdings().find(partition);
  return found == ownership_.holdings().end() ? 0 : found->second.owner;
}

std::uint64_t MemorySubscription::assignments() const {
  std::uint64_t sum = 0;
  for (const auto& [partition, holding] : ownership_.holdings()) sum += holding.epoch;
  return sum;
}

bool MemorySubscription::balance(Time now) {
  const auto busy = [this](const PartitionId& partition) { return slices_.at(partition).in_flight() > 0; };
  const auto changes = ownership_.balance(now, busy);
  for (const OwnershipChange& change : changes) tell(change);
  return !changes.empty();
}

void MemorySubscription::tell(const OwnershipChange& change) {
  Member& member = *members_.at(change.member);
  notify(member, change.kind, change.partition, change.deadline);
  if (change.kind != Notice::Kind::lost) return;
  slices_.at(change.partition).owner_left();
  member.in_flight.erase_of(change.partition);
  member.paused.erase(change.partition);
}

bool MemorySubscription::is_paused(const Member& member, const PartitionId& partition) {
  return member.paused.contains(partition) && !flawed(Flaw::memory_pause_ignored);
}

std::vector<Delivery> MemorySubscription::take(Member& member, std::size_t max, Time now, const MemoryTopics& topics) {
  std::vector<Delivery> taken;
  const std::vector<PartitionId>& kept = ownership_.kept_by(member.id);
  // Partitions take turns: the first one is that after the last one served.
  const auto first = member.last_served ? std::ranges::upper_bound(kept, *member.last_served) : kept.begin();
  auto turn = static_cast<std::size_t>(first - kept.begin());
  for (std::size_t i = 0; i < kept.size(); ++i, ++turn) {
    const PartitionId& partition = kept[turn % kept.size()];
    if (is_paused(member, partition)) continue;
    while (taken.size() < max && (member.has_room() || flawed(Flaw::memory_in_flight_endless))) {
      auto delivery = take_one(member, partition, now, topics);
      if (!delivery) break;
      taken.push_back(std::move(*delivery));
      member.last_served = partition;
    }
  }
  return taken;
}

std::optional<Delivery> MemorySubscription::take_one(Member& member, const PartitionId& partition, Time now,
                                                     const MemoryTopics& topics) {
  Slice& slice = slices_.at(partition);
  const auto id = slice.take(*topics.find(partition.topic), now);
  if (!id) return std::nullopt;
  const std::uint64_t token = ++member.last_token;
  const Entry& entry = slice.at(*id);
  member.in_flight.add(token, {partition, *id, transport::size_of(entry.kept->record())});
  return Delivery{.token = token,
                  .partition = partition,
                  .record = entry.kept->view(),
                  .position = entry.kept->position(),
                  .attempts = entry.attempts,
                  .suspect = entry.suspect,
                  .replay_id = entry.replay_id,
                  .replays = entry.replays,
                  .memory = entry.kept};
}

Time MemorySubscription::next_due(const Member& member) const {
  Time due = kNever;
  if (!member.has_room()) return due;  // a settlement wakes it
  for (const PartitionId& partition : ownership_.kept_by(member.id)) {
    if (!is_paused(member, partition)) due = std::min(due, slices_.at(partition).next_due());
  }
  return due;
}

bool MemorySubscription::is_settled(const KeptRecord& kept) const {
  const auto found = slices_.find(partition_of(kept));
  return found == slices_.end() || found->second.is_settled(kept);
}

bool MemorySubscription::lose(const KeptRecord& kept) {
  const auto found = slices_.find(partition_of(kept));
  return found != slices_.end() && found->second.lose(kept);
}

}  // namespace tidings::memory
