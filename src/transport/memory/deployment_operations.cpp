// What operators see and do.
#include <fmt/format.h>

#include <algorithm>

#include "base/flaw.hpp"
#include "transport/memory/deployment.hpp"

namespace tidings::memory {

using transport::GroupState;
using transport::HistoryRange;
using transport::LagState;
using transport::MemberState;
using transport::TopicState;

namespace {

bool is_in(const HistoryRange& range, const KeptRecord& kept) {
  return (!range.from || kept.published() >= *range.from) && (!range.to || kept.published() < *range.to) &&
         (!range.key || kept.record().key == range.key);
}

MemberState state_of(const Member& member, std::size_t partitions) {
  return {.instance = member.instance,
          .host = member.process.name,
          .pid = member.process.number,
          .partitions = static_cast<std::int32_t>(partitions)};
}

void add_slice(LagState& state, const Slice& slice, const TopicLog& log, Time now) {
  state.unsettled += slice.unsettled(log);
  state.waiting += slice.waiting(now);
  const auto oldest = slice.oldest(log);
  if (oldest && (!state.oldest || *oldest < *state.oldest)) state.oldest = oldest;
}

}  // namespace

std::vector<TopicState> Deployment::topic_states() const {
  std::vector<TopicState> states;
  for (const auto& [name, log] : topics_.all()) {
    TopicState state{.name = name,
                     .command = log.spec().command,
                     .partitions = log.partitions(),
                     .records = log.records().size(),
                     .bytes = log.bytes(),
                     .oldest = {},
                     .retention = log.spec().retention};
    if (!state.retention.unsettled) state.retention.unsettled = transport::Unsettled::keep;
    if (!log.records().empty()) state.oldest = log.records().front()->published();
    states.push_back(std::move(state));
  }
  return states;
}

// The instances of a broadcast subscription are shown as members of one.
std::vector<GroupState> Deployment::group_states() const {
  std::map<std::pair<std::string, std::string>, GroupState> states;
  for (const auto& [id, subscription] : subscriptions_) {
    const auto& spec = subscription->spec();
    GroupState& state = states[{spec.group, subscription->name()}];
    state.name = spec.group;
    state.topic = spec.topic;
    state.pattern = spec.pattern;
    state.topics.assign(subscription->topics().begin(), subscription->topics().end());
    for (const auto& [member_id, member] : subscription->members()) {
      state.members.push_back(state_of(*member, subscription->owned_by(member_id)));
    }
  }
  std::vector<GroupState> listed;
  for (auto& [name, state] : states) listed.push_back(std::move(state));
  return listed;
}

std::vector<LagState> Deployment::lag_states(Time now) const {
  std::map<std::pair<std::string, std::string>, LagState> states;
  for (const auto& [id, subscription] : subscriptions_) {
    for (const auto& [partition, slice] : subscription->slices()) {
      LagState& state = states[{subscription->spec().group, partition.topic}];
      add_slice(state, slice, *topics_.find(partition.topic), now);
    }
  }
  std::vector<LagState> listed;
  for (auto& [name, state] : states) {
    state.group = name.first;
    state.topic = name.second;
    state.dead = graveyard_.count(state.group, state.topic);
    if (const auto lost = expired_.find(name); lost != expired_.end()) state.expired = lost->second;
    listed.push_back(std::move(state));
  }
  return listed;
}

std::uint64_t Deployment::assignments() const {
  std::uint64_t sum = 0;
  for (const auto& [id, subscription] : subscriptions_) sum += subscription->assignments();
  return sum;
}

bool Deployment::is_handing_over() const {
  return std::ranges::any_of(subscriptions_, [](const auto& item) { return item.second->is_handing_over(); });
}

Result<void> Deployment::set_retention(std::string_view topic, const transport::Retention& change) {
  return topics_.set_retention(topic, change);
}

Result<void> Deployment::remove_group(std::string_view group) {
  for (const auto& [id, subscription] : subscriptions_) {
    if (subscription->spec().group != group || subscription->members().empty()) continue;
    return conflict(
        fmt::format("group '{}' has {} live members: stop them first", group, subscription->members().size()));
  }
  const auto removed =
      std::erase_if(subscriptions_, [&](const auto& item) { return item.second->spec().group == group; });
  if (removed == 0) return invalid(fmt::format("there is no group '{}'", group));
  graveyard_.erase_group(group);
  std::erase_if(expired_, [&](const auto& item) { return item.first.first == group; });
  return {};
}

Result<bool> Deployment::replay_dead(std::string_view id) {
  const Buried* buried = graveyard_.find(id);
  if (buried == nullptr) return false;
  const auto found = subscriptions_.find(buried->subscription);
  if (found == subscriptions_.end()) {
    return conflict(fmt::format("dead letter {} belongs to an instance of '{}' that is gone: discard it", id,
                                buried->letter.group));
  }
  const transport::PartitionId partition = partition_of(*buried->kept);
  const int replays = buried->letter.replays + (flawed(Flaw::memory_replay_uncounted) ? 0 : 1);
  found->second->slice(partition).replay(buried->kept, replays, {});
  for (auto& [reader, subscription] : subscriptions_) {
    if (!flawed(Flaw::memory_replay_to_all)) break;
    subscription->slice(partition).replay(buried->kept, replays, {});
  }
  graveyard_.erase(id);
  return true;
}

Result<std::vector<Kept>> Deployment::read(const HistoryRange& range, std::int64_t after, std::size_t limit) const {
  const TopicLog* log = topics_.find(range.topic);
  if (log == nullptr) return invalid(fmt::format("there is no topic '{}'", range.topic));
  const auto& records = log->records();
  auto it = std::upper_bound(records.begin(), records.end(), after,
                             [](std::int64_t offset, const Kept& kept) { return offset < kept->offset(); });
  std::vector<Kept> found;
  for (; it != records.end() && found.size() < limit; ++it) {
    if (is_in(range, **it)) found.push_back(*it);
  }
  return found;
}

Result<std::uint64_t> Deployment::replay(const HistoryRange& range, std::string_view group,
                                         std::string_view replay_id) {
  const auto records = read(range, -1, SIZE_MAX);
  if (!records) return records.error();
  bool reads = false;
  for (auto& [id, subscription] : subscriptions_) {
    if (subscription->spec().group != group || !subscription->topics().contains(range.topic)) continue;
    reads = true;
    for (const Kept& kept : *records) {
      subscription->slice({range.topic, kept->position().partition}).replay(kept, 1, std::string{replay_id});
    }
  }
  if (!reads) return invalid(fmt::format("there is no group '{}' that reads topic '{}'", group, range.topic));
  return records->size();
}

}  // namespace tidings::memory
