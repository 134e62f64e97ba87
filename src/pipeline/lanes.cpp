#include "pipeline/lanes.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/flaw.hpp"

namespace tidings::pipeline {

namespace {

constexpr auto kAll = [](const auto&) { return true; };

}  // namespace

Lanes::Lanes(LaneLimits limits) : limits_{limits} {}

std::uint64_t Lanes::lane_of(const transport::Delivery& delivery) {
  const auto open = [&](std::string name) {
    const std::uint64_t id = ++last_lane_;
    lanes_.emplace(id, Lane{.name = std::move(name)});
    return id;
  };
  if (!delivery.record.key || flawed(Flaw::lane_order_lost)) return open({});
  std::string name{delivery.record.topic};
  name.push_back('\0');
  name.append(*delivery.record.key);
  const auto known = by_name_.find(name);
  if (known != by_name_.end()) return known->second;
  const std::uint64_t id = open(name);
  by_name_.emplace(std::move(name), id);
  return id;
}

Lanes::PartitionIndex Lanes::index_of(const transport::PartitionId& partition) {
  const auto [known, is_new] = by_id_.try_emplace(partition, partitions_.size());
  if (is_new) partitions_.push_back({.id = partition});
  return known->second;
}

std::vector<Lanes::PartitionIndex> Lanes::indices_of(const std::vector<transport::PartitionId>& partitions) const {
  std::vector<PartitionIndex> indices;
  for (const transport::PartitionId& partition : partitions) {
    if (const auto known = by_id_.find(partition); known != by_id_.end()) indices.push_back(known->second);
  }
  return indices;
}

std::size_t Lanes::weight_of(const transport::Delivery& delivery) const {
  return transport::size_of(delivery.record) / limits_.held_unit_bytes + 1;
}

Ticket Lanes::admit(transport::Delivery delivery) {
  const Ticket ticket = ++last_ticket_;
  const std::uint64_t id = lane_of(delivery);
  Lane& lane = lanes_.at(id);
  const std::size_t weight = weight_of(delivery);
  const PartitionIndex partition = index_of(delivery.partition);
  const auto item = items_.emplace(
      ticket, Item{.delivery = std::move(delivery), .lane = id, .partition = partition, .weight = weight});
  lane.queue.push_back(ticket);
  lane.add(item.first->second);
  if (lane.due) add_held(partition, weight);
  refresh(id);
  return ticket;
}

// Puts the lane where it belongs: among the waiting ones, the ready ones, or nowhere; forgets it when it is empty.
void Lanes::refresh(std::uint64_t id) {
  Lane& lane = lanes_.at(id);
  if (lane.queue.empty() && lane.taken == 0) {
    leave_ready(id);
    if (!lane.name.empty()) by_name_.erase(lane.name);
    lanes_.erase(id);
    return;
  }
  if (!lane.queue.empty() && lane.taken == 0 && !lane.due) {
    if (const auto due = items_.at(lane.queue.front()).delivery.attempts.due) set_due(id, due);
  }
  const bool runnable = !lane.queue.empty() && lane.taken == 0 && !lane.due;
  if (!runnable) return leave_ready(id);
  if (lane.rank == 0) {
    lane.rank = ++last_rank_;
    ready_.emplace(lane.rank, id);
  }
  if (items_.at(lane.queue.front()).delivery.suspect) {
    suspects_.insert(id);
  } else {
    suspects_.erase(id);
  }
}

void Lanes::leave_ready(std::uint64_t id) {
  Lane& lane = lanes_.at(id);
  if (lane.rank == 0) return;
  ready_.erase(lane.rank);
  suspects_.erase(id);
  lane.rank = 0;
}

void Lanes::set_due(std::uint64_t id, std::optional<Time> due) {
  Lane& lane = lanes_.at(id);
  if (lane.due) {
    due_.erase({*lane.due, id});
    for (const Share& share : lane.shares) remove_held(share.partition, share.weight);
  }
  lane.due = due;
  if (lane.due) {
    due_.emplace(*lane.due, id);
    for (const Share& share : lane.shares) add_held(share.partition, share.weight);
  }
}

// What stands in its queue.
void Lanes::Lane::add(const Item& item) {
  auto share = std::ranges::find(shares, item.partition, &Share::partition);
  if (share == shares.end()) share = shares.insert(share, {.partition = item.partition});
  share->weight += item.weight;
}

void Lanes::Lane::remove(const Item& item) {
  const auto share = std::ranges::find(shares, item.partition, &Share::partition);
  share->weight -= item.weight;
  if (share->weight == 0) shares.erase(share);
}

void Lanes::add_held(PartitionIndex index, std::size_t weight) {
  Partition& partition = partitions_[index];
  partition.held += weight;
  held_in_all_ += weight;
  const bool too_many = partition.held > limits_.held_max || held_in_all_ > 2 * limits_.held_max;
  if (!too_many || partition.held_back_until || flawed(Flaw::hold_back_never)) return;
  partition.held_back_until = std::min(partition.held, limits_.held_max) / 2;
  ++held_back_;
  changes_.push_back({partition.id, LaneFlow::held_back});
}

void Lanes::remove_held(PartitionIndex index, std::size_t weight) {
  Partition& partition = partitions_[index];
  partition.held -= weight;
  held_in_all_ -= weight;
  if (partition.held_back_until && partition.held <= *partition.held_back_until) let_flow(partition);
  if (held_back_ == 0 || held_in_all_ > limits_.held_max) return;
  // There is room again: only those wait on that hold too much by themselves.
  for (Partition& each : partitions_) {
    if (each.held_back_until && each.held <= limits_.held_max / 2) let_flow(each);
  }
}

void Lanes::let_flow(Partition& partition) {
  if (flawed(Flaw::hold_back_for_ever)) return;
  partition.held_back_until.reset();
  --held_back_;
  changes_.push_back({partition.id, LaneFlow::flowing});
}

void Lanes::wake_due(Time now) {
  while (!due_.empty() && due_.begin()->first <= now) {
    const std::uint64_t id = due_.begin()->second;
    set_due(id, std::nullopt);
    items_.at(lanes_.at(id).queue.front()).delivery.attempts.due.reset();  // it waited long enough
    refresh(id);
  }
}

bool Lanes::ready(Time now) const {
  if (solo_) return false;
  if (!suspects_.empty()) return running_ == 0 || flawed(Flaw::suspect_in_company);
  if (busy_lanes_ >= limits_.concurrency) return false;
  return !ready_.empty() || (!due_.empty() && due_.begin()->first <= now);
}

Time Lanes::next_due() const {
  return due_.empty() ? kNever : due_.begin()->first;
}

std::vector<Ticket> Lanes::take(Time now, std::size_t max, std::size_t max_per_lane) {
  std::vector<Ticket> taken;
  wake_due(now);
  if (solo_) return taken;
  if (!suspects_.empty()) {
    if ((running_ > 0 && !flawed(Flaw::suspect_in_company)) || max == 0) return taken;
    take_from(*suspects_.begin(), 1, taken);
    solo_ = true;
    return taken;
  }
  while (!ready_.empty() && busy_lanes_ < limits_.concurrency && taken.size() < max) {
    take_from(ready_.begin()->second, std::min(max_per_lane, max - taken.size()), taken);
  }
  return taken;
}

void Lanes::take_from(std::uint64_t id, std::size_t count, std::vector<Ticket>& into) {
  Lane& lane = lanes_.at(id);
  assert(lane.taken == 0 && count > 0);
  while (!lane.queue.empty() && lane.taken < count) {
    Item& first = items_.at(lane.queue.front());
    const bool suspect = first.delivery.suspect;
    if (lane.taken > 0 && (suspect || first.delivery.attempts.due)) break;  // its turn comes, alone or in time
    first.taken = true;
    into.push_back(lane.queue.front());
    lane.queue.pop_front();
    lane.remove(first);
    ++lane.taken;
    if (suspect) break;
  }
  running_ += lane.taken;
  ++busy_lanes_;
  refresh(id);
}

const transport::Delivery& Lanes::at(Ticket ticket) const {
  return items_.at(ticket).delivery;
}
transport::Delivery& Lanes::at(Ticket ticket) {
  return items_.at(ticket).delivery;
}

void Lanes::end_of_run(Lane& lane) {
  assert(lane.taken > 0 && running_ > 0);
  solo_ = false;  // whatever ran alone was all that ran
  --running_;
  if (--lane.taken == 0) --busy_lanes_;
}

void Lanes::done(Ticket ticket) {
  const std::uint64_t id = items_.at(ticket).lane;
  items_.erase(ticket);
  end_of_run(lanes_.at(id));
  refresh(id);
}

void Lanes::return_to_lane(Ticket ticket, Item& item) {
  Lane& lane = lanes_.at(item.lane);
  end_of_run(lane);
  assert(!lane.due);
  item.taken = false;
  lane.add(item);
  flawed(Flaw::strict_retry_passed) ? lane.queue.push_back(ticket) : lane.queue.push_front(ticket);
}

void Lanes::hold(Ticket ticket, transport::Attempts attempts) {
  Item& item = items_.at(ticket);
  item.delivery.suspect = false;  // it ran, and it came back
  item.delivery.attempts = std::move(attempts);
  return_to_lane(ticket, item);
  refresh(item.lane);
}

void Lanes::put_back(Ticket ticket) {
  Item& item = items_.at(ticket);
  return_to_lane(ticket, item);
  refresh(item.lane);
}

std::vector<transport::Delivery> Lanes::give_back(Ticket ticket) {
  Item& item = items_.at(ticket);
  const std::uint64_t id = item.lane;
  std::vector<transport::Delivery> given;
  given.push_back(std::move(item.delivery));
  items_.erase(ticket);
  end_of_run(lanes_.at(id));
  drop_from(id, kAll, given);
  return given;
}

template <class Wanted>
void Lanes::drop_from(std::uint64_t id, const Wanted& wanted, std::vector<transport::Delivery>& into) {
  Lane& lane = lanes_.at(id);
  if (lane.due && wanted(items_.at(lane.queue.front()))) set_due(id, std::nullopt);
  std::erase_if(lane.queue, [&](Ticket ticket) {
    Item& item = items_.at(ticket);
    if (!wanted(item)) return false;
    lane.remove(item);
    if (lane.due) remove_held(item.partition, item.weight);
    into.push_back(std::move(item.delivery));
    items_.erase(ticket);
    return true;
  });
  refresh(id);
}

// Those with something of these that waits, in the order in which they were opened.
std::vector<std::uint64_t> Lanes::lanes_of(const std::vector<PartitionIndex>& partitions) const {
  const auto is_of_them = [&](const Share& share) {
    return std::ranges::find(partitions, share.partition) != partitions.end();
  };
  std::vector<std::uint64_t> found;
  for (const auto& [id, lane] : lanes_) {
    if (std::ranges::any_of(lane.shares, is_of_them)) found.push_back(id);
  }
  std::ranges::sort(found);
  return found;
}

std::vector<transport::Delivery> Lanes::drop(const std::vector<transport::PartitionId>& partitions) {
  const std::vector<PartitionIndex> leaving = indices_of(partitions);
  const auto is_leaving = [&](const Item& item) { return std::ranges::find(leaving, item.partition) != leaving.end(); };
  std::vector<transport::Delivery> dropped;
  for (const std::uint64_t id : lanes_of(leaving)) drop_from(id, is_leaving, dropped);
  return dropped;
}

std::vector<transport::Delivery> Lanes::trim(const transport::PartitionId& id) {
  std::vector<transport::Delivery> trimmed;
  const PartitionIndex index = index_of(id);
  const std::size_t share = held_in_all_ > 2 * limits_.held_max ? 0 : limits_.held_max / 2;
  for (const std::uint64_t lane : lanes_of({index})) trim_lane(lanes_.at(lane), index, share, trimmed);
  Partition& partition = partitions_[index];
  if (partition.held_back_until && partition.held <= *partition.held_back_until)
    partition.held_back_until = partition.held / 2;  // what was trimmed is no reason to let it flow
  return trimmed;
}

// Behind its retry, from the end, until no more than `share` of the partition are held in all.
void Lanes::trim_lane(Lane& lane, PartitionIndex partition, std::size_t share, std::vector<transport::Delivery>& into) {
  const auto first = static_cast<std::ptrdiff_t>(into.size());
  while (lane.due && lane.queue.size() > 1 && partitions_[partition].held > share + 1) {
    Item& last = items_.at(lane.queue.back());
    if (last.partition != partition) break;
    lane.remove(last);
    partitions_[partition].held -= last.weight;
    held_in_all_ -= last.weight;
    into.push_back(std::move(last.delivery));
    items_.erase(lane.queue.back());
    lane.queue.pop_back();
  }
  std::reverse(into.begin() + first, into.end());
}

std::vector<transport::Delivery> Lanes::drop_all() {
  std::vector<std::uint64_t> leaving;
  for (const auto& entry : lanes_) leaving.push_back(entry.first);
  std::ranges::sort(leaving);
  std::vector<transport::Delivery> dropped;
  for (const std::uint64_t id : leaving) drop_from(id, kAll, dropped);
  return dropped;
}

std::vector<Ticket> Lanes::running_of(const std::vector<transport::PartitionId>& partitions) const {
  const std::vector<PartitionIndex> wanted = indices_of(partitions);
  std::vector<Ticket> running;
  for (const auto& [ticket, item] : items_) {
    if (item.taken && std::ranges::find(wanted, item.partition) != wanted.end()) running.push_back(ticket);
  }
  return running;
}

std::vector<FlowChange> Lanes::flow_changes() {
  return std::exchange(changes_, {});
}

}  // namespace tidings::pipeline
