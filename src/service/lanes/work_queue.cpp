#include "service/lanes/work_queue.hpp"

#include <algorithm>
#include <iterator>

#include "base/flaw.hpp"

namespace tidings::service {

WorkQueue::WorkQueue(Executor& executor, pipeline::LaneLimits limits)
    : executor_{executor}, quiet_{executor.condition()}, lanes_{limits} {}

std::vector<transport::Delivery> WorkQueue::admit(std::vector<transport::Delivery> deliveries) {
  const std::lock_guard lock{mutex_};
  std::vector<transport::Delivery> returned;
  for (transport::Delivery& delivery : deliveries) {
    if (leaving(delivery) || unwanted(delivery)) {
      returned.push_back(std::move(delivery));
    } else {
      lanes_.admit(std::move(delivery));
    }
  }
  trim_held_back(returned);
  wake_one();
  return returned;
}

// One is enough: whoever takes and leaves more behind wakes the next.
void WorkQueue::wake_one() {
  if (idle_.empty()) return;
  idle_.back()->wake_->notify_all();
  idle_.pop_back();
}

void WorkQueue::note_flow() {
  if (!lanes_.has_flow_changes()) return;
  std::vector<pipeline::FlowChange> changes = lanes_.flow_changes();
  std::ranges::move(changes, std::back_inserter(flow_));
  flow_waits_ = true;
}

// What is held back from now on takes no more than its share of what may be in flight.
void WorkQueue::trim_held_back(std::vector<transport::Delivery>& released) {
  const std::size_t known = flow_.size();
  note_flow();
  for (std::size_t i = known; i < flow_.size(); ++i) {
    if (flow_[i].flow != pipeline::LaneFlow::held_back) continue;
    std::vector<transport::Delivery> trimmed = lanes_.trim(flow_[i].partition);
    if (trimmed.empty()) continue;
    trimmed_.insert(flow_[i].partition);
    std::ranges::move(trimmed, std::back_inserter(released));
  }
}

void WorkQueue::take_locked(Time now, TakeLimits limits, std::vector<Taken>& into) {
  if (!lanes_.ready(now)) return;
  lanes_.take(now, limits.max, limits.max_per_lane, tickets_);
  for (const pipeline::Ticket ticket : tickets_)
    into.push_back({ticket, &lanes_.at(ticket), lanes_.lane_number(ticket), lanes_.spoils(ticket)});
  note_flow();
  if (lanes_.ready(now)) wake_one();
}

std::vector<Taken> WorkQueue::take(Seat& seat, TakeLimits limits, Time deadline) {
  std::vector<Taken> taken;
  take(seat, limits, taken, deadline);
  return taken;
}

void WorkQueue::take(Seat& seat, TakeLimits limits, std::vector<Taken>& into, Time deadline) {
  into.clear();
  const Deadline end{executor_, deadline};
  std::unique_lock lock{mutex_};
  while (!draining_) {
    const Time now = time_to_take();
    take_locked(now, limits, into);
    if (!into.empty() || end.reached()) return;
    idle_.push_back(&seat);
    seat.wake_->wait_until(lock, std::min(end.at(), next_due(now)));
    std::erase(idle_, &seat);
  }
}

std::vector<Taken> WorkQueue::take_ready(TakeLimits limits) {
  std::vector<Taken> taken;
  const std::lock_guard lock{mutex_};
  if (!draining_) take_locked(time_to_take(), limits, taken);
  return taken;
}

// Nobody asks for the time where nothing waits for it.
Time WorkQueue::time_to_take() const {
  return lanes_.next_due() == kNever ? Time{} : executor_.now();
}

Time WorkQueue::ready_at() const {
  const std::lock_guard lock{mutex_};
  const Time now = executor_.now();
  return lanes_.ready(now) ? now : next_due(now);
}

// What is due and not ready waits for what runs, whose end wakes us: to wait for its time would be a busy loop, which
// under the mutex lets nobody end.
Time WorkQueue::next_due(Time now) const {
  return lanes_.next_due() > now ? lanes_.next_due() : kNever;
}

bool WorkQueue::leaving(const transport::Delivery& delivery) const {
  if (flawed(Flaw::leaving_partition_kept)) return draining_;
  return draining_ || (!leaving_.empty() && leaving_.contains(delivery.partition));
}

// What is before it of its key is not here any more.
bool WorkQueue::unwanted(const transport::Delivery& delivery) const {
  return trimmed_.contains(delivery.partition) || refused_.contains(delivery.partition);
}

void WorkQueue::end_one(const Ending& ending, std::vector<transport::Delivery>& released) {
  const bool lost = lost_.erase(ending.ticket) > 0;
  if (lost) any_lost_ = !lost_.empty();
  if (lost || ending.kind == Ending::Kind::done) return lanes_.done(ending.ticket);
  if (ending.kind == Ending::Kind::give_back || ending.kind == Ending::Kind::gone) return end_lane(ending, released);
  if (ending.spoils && !flawed(Flaw::spoiler_forgotten)) lanes_.set_spoils(ending.ticket);
  transport::Delivery& delivery = lanes_.at(ending.ticket);
  if (leaving(delivery)) {
    released.push_back(std::move(delivery));
    return lanes_.done(ending.ticket);
  }
  if (ending.kind == Ending::Kind::put_back) return lanes_.put_back(ending.ticket);
  lanes_.hold(ending.ticket, ending.attempts);
  wake_one();  // an idle taker must learn when it is due
}

// Backwards, as end() wants it.
void WorkQueue::end_lane(const Ending& ending, std::vector<transport::Delivery>& released) {
  const bool gone = ending.kind == Ending::Kind::gone;
  if (gone) refused_.insert(lanes_.at(ending.ticket).partition);
  std::vector<transport::Delivery> given = lanes_.give_back(ending.ticket);
  std::move(given.rbegin(), given.rend() - (gone ? 1 : 0), std::back_inserter(released));
}

std::vector<transport::Delivery> WorkQueue::end(std::span<const Ending> endings) {
  std::vector<transport::Delivery> released;
  const std::lock_guard lock{mutex_};
  // Backwards: what returns to its lane comes to stand before what was taken after it.
  for (auto ending = endings.rbegin(); ending != endings.rend(); ++ending) end_one(*ending, released);
  std::ranges::reverse(released);
  trim_held_back(released);
  if (lanes_.running() == 0) {
    quiet_->notify_all();
    wake_one();  // a suspect may run now, though its taker went to sleep
  }
  return released;
}

std::vector<transport::Delivery> WorkQueue::give_up(const std::vector<transport::PartitionId>& partitions) {
  const std::lock_guard lock{mutex_};
  return give_up_locked(partitions);
}

std::vector<transport::Delivery> WorkQueue::give_up_locked(const std::vector<transport::PartitionId>& partitions) {
  leaving_.insert(partitions.begin(), partitions.end());
  for (const transport::PartitionId& partition : partitions) trimmed_.erase(partition);
  auto dropped = lanes_.drop(partitions);
  note_flow();
  return dropped;
}

std::vector<transport::Delivery> WorkQueue::lose(const std::vector<transport::PartitionId>& partitions) {
  // In one go: what somebody took in between would be neither lost nor dropped.
  const std::lock_guard lock{mutex_};
  for (const pipeline::Ticket ticket : lanes_.running_of(partitions)) {
    if (!flawed(Flaw::lost_run_returns)) lost_.insert(ticket);
  }
  any_lost_ = !lost_.empty();
  return give_up_locked(partitions);
}

bool WorkQueue::is_lost(pipeline::Ticket ticket) const {
  if (!any_lost_) return false;
  const std::lock_guard lock{mutex_};
  return lost_.contains(ticket);
}

void WorkQueue::regain(const std::vector<transport::PartitionId>& partitions) {
  const std::lock_guard lock{mutex_};
  for (const transport::PartitionId& partition : partitions) {
    leaving_.erase(partition);
    refused_.erase(partition);
  }
}

std::vector<transport::Delivery> WorkQueue::drain() {
  const std::lock_guard lock{mutex_};
  draining_ = true;
  auto dropped = lanes_.drop_all();
  while (!idle_.empty()) wake_one();
  quiet_->notify_all();
  return dropped;
}

bool WorkQueue::draining() const {
  const std::lock_guard lock{mutex_};
  return draining_;
}

bool WorkQueue::wait_draining(const Countdown& left) {
  std::unique_lock lock{mutex_};
  return wait_until(*quiet_, lock, left, [this] { return draining_; });
}

bool WorkQueue::wait_quiet(const Countdown& left) {
  std::unique_lock lock{mutex_};
  return wait_until(*quiet_, lock, left, [this] { return lanes_.running() == 0; });
}

std::vector<pipeline::FlowChange> WorkQueue::flow_changes() {
  const std::lock_guard lock{mutex_};
  for (const pipeline::FlowChange& change : flow_) {
    if (change.flow == pipeline::LaneFlow::flowing) trimmed_.erase(change.partition);
  }
  refused_.clear();
  flow_waits_ = false;
  return std::exchange(flow_, {});
}

std::size_t WorkQueue::size() const {
  const std::lock_guard lock{mutex_};
  return lanes_.size();
}

}  // namespace tidings::service
