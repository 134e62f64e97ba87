#include "pipeline/lanes.hpp"

#include <algorithm>
#include <boost/container_hash/hash.hpp>
#include <cassert>
#include <utility>

#include "base/flaw.hpp"

namespace tidings::pipeline {

namespace {

// Of the memory of a lane's topic and key, which is kept for the next lane.
constexpr std::size_t kLaneTextMax = 512;

constexpr auto kAll = [](const auto&) { return true; };

}  // namespace

Lanes::Lanes(LaneLimits limits) : limits_{limits} {}

Lanes::LaneName Lanes::name_of(const transport::Delivery& delivery) {
  LaneName name{.topic = delivery.record.topic, .key = *delivery.record.key};
  name.hash = std::hash<std::string_view>{}(name.topic);
  boost::hash_combine(name.hash, std::hash<std::string_view>{}(name.key));
  return name;
}

Lanes::Lane& Lanes::lane_of(const transport::Delivery& delivery) {
  if (!delivery.record.key || flawed(Flaw::lane_order_lost)) return open_lane();
  const LaneName name = name_of(delivery);
  if (const auto known = by_name_.find(name); known != by_name_.end()) return **known;
  Lane& lane = open_lane();
  lane.named = true;
  lane.topic = name.topic;
  lane.key = name.key;
  lane.hash = name.hash;
  by_name_.insert(&lane);
  return lane;
}

Lanes::Lane& Lanes::open_lane() {
  if (free_lanes_.empty()) free_lanes_.push_back(&lanes_.emplace_back());
  Lane& lane = *free_lanes_.back();
  free_lanes_.pop_back();
  lane.opened = ++opened_;
  return lane;
}

// It is empty, and nothing of it runs.
void Lanes::close(Lane& lane) {
  leave_ready(lane);
  if (std::exchange(lane.named, false)) by_name_.erase(&lane);
  for (std::string* text : {&lane.topic, &lane.key}) {
    if (text->capacity() > kLaneTextMax) std::string{}.swap(*text);
  }
  lane.opened = 0;
  free_lanes_.push_back(&lane);
}

Lanes::Item& Lanes::new_item() {
  if (free_items_.empty()) free_items_.push_back(items_.emplace_back(items_.size()).ticket);
  Item& item = items_[free_items_.back()];
  free_items_.pop_back();
  item.taken = item.spoils = false;
  return item;
}

void Lanes::forget(Item& item) {
  if (item.delivery.memory) item.delivery = {};  // unless it was moved from
  item.lane = nullptr;
  free_items_.push_back(item.ticket);
}

// They come in runs of one partition.
Lanes::PartitionIndex Lanes::index_of(const transport::PartitionId& partition) {
  if (last_partition_ < partitions_.size() && partitions_[last_partition_].id == partition) return last_partition_;
  const auto [known, is_new] = by_id_.try_emplace(partition, partitions_.size());
  if (is_new) partitions_.push_back({.id = partition});
  return last_partition_ = known->second;
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

void Lanes::admit(transport::Delivery&& delivery) {
  Lane& lane = lane_of(delivery);
  Item& item = new_item();
  item.lane = &lane;
  item.weight = weight_of(delivery);
  item.partition = index_of(delivery.partition);
  item.delivery = std::move(delivery);
  lane.queue.push_back(item);
  lane.add(item);
  if (lane.due) add_held(item.partition, item.weight);
  refresh(lane);
}

// Puts the lane where it belongs: among the waiting ones, the ready ones, or nowhere; closes it when it is empty.
void Lanes::refresh(Lane& lane) {
  if (lane.taken > 0) return leave_ready(lane);
  if (lane.queue.empty()) return close(lane);
  const transport::Delivery& first = lane.queue.front().delivery;
  if (!lane.due && first.attempts.due) set_due(lane, first.attempts.due);
  if (lane.due) return leave_ready(lane);
  enter_ready(lane);
  if (first.suspect) {
    suspects_.insert(&lane);
  } else if (!suspects_.empty()) {
    suspects_.erase(&lane);
  }
}

void Lanes::enter_ready(Lane& lane) {
  if (lane.ready) return;
  lane.ready = true;
  ready_.push_back(lane);
}

void Lanes::leave_ready(Lane& lane) {
  if (!lane.ready) return;
  lane.ready = false;
  ready_.erase(ready_.iterator_to(lane));
  if (!suspects_.empty()) suspects_.erase(&lane);
}

void Lanes::set_due(Lane& lane, std::optional<Time> due) {
  if (lane.due) {
    due_.erase({*lane.due, lane.opened, &lane});
    for (const Share& share : lane.shares) remove_held(share.partition, share.weight);
  }
  lane.due = due;
  if (lane.due) {
    due_.insert({*lane.due, lane.opened, &lane});
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
  while (!due_.empty() && due_.begin()->at <= now) {
    Lane& lane = *due_.begin()->lane;
    set_due(lane, std::nullopt);
    lane.queue.front().delivery.attempts.due.reset();  // it waited long enough
    refresh(lane);
  }
}

bool Lanes::ready(Time now) const {
  if (solo_) return false;
  if (!suspects_.empty()) return running_ == 0 || flawed(Flaw::suspect_in_company);
  if (busy_lanes_ >= limits_.concurrency) return false;
  return !ready_.empty() || (!due_.empty() && due_.begin()->at <= now);
}

Time Lanes::next_due() const {
  return due_.empty() ? kNever : due_.begin()->at;
}

std::vector<Ticket> Lanes::take(Time now, std::size_t max, std::size_t max_per_lane) {
  std::vector<Ticket> taken;
  take(now, max, max_per_lane, taken);
  return taken;
}

void Lanes::take(Time now, std::size_t max, std::size_t max_per_lane, std::vector<Ticket>& into) {
  into.clear();
  wake_due(now);
  if (solo_) return;
  if (!suspects_.empty()) {
    if ((running_ > 0 && !flawed(Flaw::suspect_in_company)) || max == 0) return;
    take_from(**suspects_.begin(), 1, into);
    solo_ = true;
    return;
  }
  while (!ready_.empty() && busy_lanes_ < limits_.concurrency && into.size() < max)
    take_from(ready_.front(), std::min(max_per_lane, max - into.size()), into);
}

void Lanes::take_from(Lane& lane, std::size_t count, std::vector<Ticket>& into) {
  assert(lane.taken == 0 && count > 0);
  while (!lane.queue.empty() && lane.taken < count) {
    Item& first = lane.queue.front();
    const bool suspect = first.delivery.suspect;
    if (lane.taken > 0 && (suspect || first.delivery.attempts.due)) break;  // its turn comes, alone or in time
    first.taken = true;
    into.push_back(first.ticket);
    lane.queue.pop_front();
    lane.remove(first);
    ++lane.taken;
    if (suspect) break;
  }
  running_ += lane.taken;
  ++busy_lanes_;
  refresh(lane);
}

const transport::Delivery& Lanes::at(Ticket ticket) const {
  return items_[ticket].delivery;
}
transport::Delivery& Lanes::at(Ticket ticket) {
  return items_[ticket].delivery;
}

void Lanes::end_of_run(Lane& lane) {
  assert(lane.taken > 0 && running_ > 0);
  solo_ = false;  // whatever ran alone was all that ran
  --running_;
  if (--lane.taken == 0) --busy_lanes_;
}

void Lanes::done(Ticket ticket) {
  Item& item = items_[ticket];
  Lane& lane = *item.lane;
  forget(item);
  end_of_run(lane);
  refresh(lane);
}

void Lanes::return_to_lane(Item& item) {
  Lane& lane = *item.lane;
  end_of_run(lane);
  assert(!lane.due);
  item.taken = false;
  lane.add(item);
  flawed(Flaw::strict_retry_passed) ? lane.queue.push_back(item) : lane.queue.push_front(item);
  refresh(lane);
}

void Lanes::hold(Ticket ticket, transport::Attempts attempts) {
  Item& item = items_[ticket];
  item.delivery.suspect = false;  // it ran, and it came back
  item.delivery.attempts = std::move(attempts);
  return_to_lane(item);
}

void Lanes::put_back(Ticket ticket) {
  return_to_lane(items_[ticket]);
}

std::vector<transport::Delivery> Lanes::give_back(Ticket ticket) {
  Item& item = items_[ticket];
  Lane& lane = *item.lane;
  std::vector<transport::Delivery> given;
  given.push_back(std::move(item.delivery));
  forget(item);
  end_of_run(lane);
  drop_from(lane, kAll, given);
  return given;
}

template <class Wanted>
void Lanes::drop_from(Lane& lane, const Wanted& wanted, std::vector<transport::Delivery>& into) {
  if (lane.due && wanted(lane.queue.front())) set_due(lane, std::nullopt);
  lane.queue.remove_and_dispose_if(wanted, [&](Item* item) {
    lane.remove(*item);
    if (lane.due) remove_held(item->partition, item->weight);
    into.push_back(std::move(item->delivery));
    forget(*item);
  });
  refresh(lane);
}

// In the order in which they were opened.
template <class Wanted>
std::vector<Lanes::Lane*> Lanes::open_lanes(const Wanted& wanted) {
  std::vector<Lane*> found;
  for (Lane& lane : lanes_) {
    if (lane.opened > 0 && wanted(lane)) found.push_back(&lane);
  }
  std::ranges::sort(found, Older{});
  return found;
}

// Those with something of these that waits.
std::vector<Lanes::Lane*> Lanes::lanes_of(const std::vector<PartitionIndex>& partitions) {
  const auto is_of_them = [&](const Share& share) {
    return std::ranges::find(partitions, share.partition) != partitions.end();
  };
  return open_lanes([&](const Lane& lane) { return std::ranges::any_of(lane.shares, is_of_them); });
}

std::vector<transport::Delivery> Lanes::drop(const std::vector<transport::PartitionId>& partitions) {
  const std::vector<PartitionIndex> leaving = indices_of(partitions);
  const auto is_leaving = [&](const Item& item) { return std::ranges::find(leaving, item.partition) != leaving.end(); };
  std::vector<transport::Delivery> dropped;
  for (Lane* lane : lanes_of(leaving)) drop_from(*lane, is_leaving, dropped);
  return dropped;
}

std::vector<transport::Delivery> Lanes::trim(const transport::PartitionId& id) {
  std::vector<transport::Delivery> trimmed;
  const PartitionIndex index = index_of(id);
  const std::size_t share = held_in_all_ > 2 * limits_.held_max ? 0 : limits_.held_max / 2;
  for (Lane* lane : lanes_of({index})) trim_lane(*lane, index, share, trimmed);
  Partition& partition = partitions_[index];
  if (partition.held_back_until && partition.held <= *partition.held_back_until)
    partition.held_back_until = partition.held / 2;  // what was trimmed is no reason to let it flow
  return trimmed;
}

// Behind its retry, from the end, until no more than `share` of the partition are held in all.
void Lanes::trim_lane(Lane& lane, PartitionIndex partition, std::size_t share, std::vector<transport::Delivery>& into) {
  const auto first = static_cast<std::ptrdiff_t>(into.size());
  while (lane.due && lane.queue.size() > 1 && partitions_[partition].held > share + 1) {
    Item& last = lane.queue.back();
    if (last.partition != partition) break;
    lane.remove(last);
    partitions_[partition].held -= last.weight;
    held_in_all_ -= last.weight;
    into.push_back(std::move(last.delivery));
    lane.queue.pop_back();
    forget(last);
  }
  std::reverse(into.begin() + first, into.end());
}

std::vector<transport::Delivery> Lanes::drop_all() {
  std::vector<transport::Delivery> dropped;
  for (Lane* lane : open_lanes(kAll)) drop_from(*lane, kAll, dropped);
  return dropped;
}

std::vector<Ticket> Lanes::running_of(const std::vector<transport::PartitionId>& partitions) const {
  const std::vector<PartitionIndex> wanted = indices_of(partitions);
  std::vector<Ticket> running;
  for (const Item& item : items_) {
    if (!item.lane || !item.taken) continue;
    if (std::ranges::find(wanted, item.partition) != wanted.end()) running.push_back(item.ticket);
  }
  return running;
}

std::vector<FlowChange> Lanes::flow_changes() {
  return std::exchange(changes_, {});
}

}  // namespace tidings::pipeline
