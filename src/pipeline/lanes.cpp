#include "pipeline/lanes.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/flaw.hpp"

namespace tidings::pipeline {

Lanes::Lanes(LaneLimits limits) : limits_{limits} {}

std::uint64_t Lanes::lane_of(const transport::Delivery& delivery) {
  const transport::PartitionId partition{delivery.position.topic, delivery.position.partition};
  const auto open = [&](std::string name) {
    const std::uint64_t id = ++last_lane_;
    lanes_.emplace(id, Lane{.name = std::move(name), .partition = partition});
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

std::size_t Lanes::weight_of(const transport::Delivery& delivery) const {
  return transport::size_of(delivery.record) / limits_.held_unit_bytes + 1;
}

Ticket Lanes::admit(transport::Delivery delivery) {
  const Ticket ticket = ++last_ticket_;
  const std::uint64_t id = lane_of(delivery);
  Lane& lane = lanes_.at(id);
  const std::size_t weight = weight_of(delivery);
  items_.emplace(ticket, Item{.delivery = std::move(delivery), .lane = id, .weight = weight});
  lane.queue.push_back(ticket);
  lane.weight += weight;
  if (lane.due) add_held(lane.partition, static_cast<std::ptrdiff_t>(weight));
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
    add_held(lane.partition, -static_cast<std::ptrdiff_t>(lane.weight));
  }
  lane.due = due;
  if (lane.due) {
    due_.emplace(*lane.due, id);
    add_held(lane.partition, static_cast<std::ptrdiff_t>(lane.weight));
  }
}

void Lanes::add_held(const transport::PartitionId& partition, std::ptrdiff_t change) {
  std::size_t& held = held_[partition];
  held += static_cast<std::size_t>(change);
  held_in_all_ += static_cast<std::size_t>(change);
  const bool too_many = held > limits_.held_max || (change > 0 && held_in_all_ > 2 * limits_.held_max);
  const auto known = held_back_.find(partition);
  if (too_many && known == held_back_.end() && !flawed(Flaw::hold_back_never)) {
    held_back_.emplace(partition, std::min(held, limits_.held_max) / 2);
    changes_.push_back({partition, LaneFlow::held_back});
  } else if (known != held_back_.end() && held <= known->second && !flawed(Flaw::hold_back_for_ever)) {
    held_back_.erase(known);
    changes_.push_back({partition, LaneFlow::flowing});
  }
  if (held == 0) held_.erase(partition);
  if (change < 0 && held_in_all_ <= limits_.held_max) let_flow();
}

// There is room again: only those wait on that hold too much by themselves.
void Lanes::let_flow() {
  std::erase_if(held_back_, [this](const auto& item) {
    const auto held = held_.find(item.first);
    if (held != held_.end() && held->second > limits_.held_max / 2) return false;
    if (flawed(Flaw::hold_back_for_ever)) return false;
    changes_.push_back({item.first, LaneFlow::flowing});
    return true;
  });
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
    lane.weight -= first.weight;
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
  lane.weight += item.weight;
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
  drop_lane(id, given);
  return given;
}

void Lanes::drop_lane(std::uint64_t id, std::vector<transport::Delivery>& into) {
  set_due(id, std::nullopt);
  Lane& lane = lanes_.at(id);
  for (const Ticket ticket : lane.queue) {
    into.push_back(std::move(items_.at(ticket).delivery));
    items_.erase(ticket);
  }
  lane.queue.clear();
  lane.weight = 0;
  refresh(id);
}

// In the order in which they were opened.
std::vector<std::uint64_t> Lanes::lanes_of(const std::vector<transport::PartitionId>& partitions) const {
  std::vector<std::uint64_t> found;
  for (const auto& [id, lane] : lanes_) {
    if (std::ranges::find(partitions, lane.partition) != partitions.end()) found.push_back(id);
  }
  std::ranges::sort(found);
  return found;
}

std::vector<transport::Delivery> Lanes::drop(const std::vector<transport::PartitionId>& partitions) {
  std::vector<transport::Delivery> dropped;
  for (const std::uint64_t id : lanes_of(partitions)) drop_lane(id, dropped);
  return dropped;
}

std::vector<transport::Delivery> Lanes::trim(const transport::PartitionId& partition) {
  std::vector<transport::Delivery> trimmed;
  const std::size_t share = held_in_all_ > 2 * limits_.held_max ? 0 : limits_.held_max / 2;
  std::size_t& held = held_[partition];
  for (const std::uint64_t id : lanes_of({partition})) {
    Lane& lane = lanes_.at(id);
    const auto first = static_cast<std::ptrdiff_t>(trimmed.size());
    while (lane.due && lane.queue.size() > 1 && held > share + 1) {
      Item& last = items_.at(lane.queue.back());
      trimmed.push_back(std::move(last.delivery));
      lane.weight -= last.weight;
      held -= last.weight;
      held_in_all_ -= last.weight;
      items_.erase(lane.queue.back());
      lane.queue.pop_back();
    }
    std::reverse(trimmed.begin() + first, trimmed.end());
  }
  if (const auto known = held_back_.find(partition); known != held_back_.end() && held <= known->second)
    known->second = held / 2;  // what was trimmed is no reason to let it flow
  if (held == 0) held_.erase(partition);
  return trimmed;
}

std::vector<transport::Delivery> Lanes::drop_all() {
  std::vector<std::uint64_t> leaving;
  for (const auto& entry : lanes_) leaving.push_back(entry.first);
  std::ranges::sort(leaving);
  std::vector<transport::Delivery> dropped;
  for (const std::uint64_t id : leaving) drop_lane(id, dropped);
  return dropped;
}

std::vector<Ticket> Lanes::running_of(const std::vector<transport::PartitionId>& partitions) const {
  std::vector<Ticket> running;
  for (const auto& [ticket, item] : items_) {
    const bool is_of_them = std::ranges::find(partitions, lanes_.at(item.lane).partition) != partitions.end();
    if (item.taken && is_of_them) running.push_back(ticket);
  }
  return running;
}

std::vector<FlowChange> Lanes::flow_changes() {
  return std::exchange(changes_, {});
}

}  // namespace tidings::pipeline
