#include "transport/memory/memory_broker.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/countdown.hpp"
#include "base/flaw.hpp"
#include "transport/memory/memory_transport.hpp"

namespace tidings::memory {

using transport::Batch;
using transport::Record;
using transport::Settlement;
using transport::SubscriptionSpec;

namespace {

bool is_for_now(const Result<void>& outcome) {
  if (outcome) return false;
  return outcome.error().kind == ErrorKind::unavailable || outcome.error().kind == ErrorKind::overloaded;
}

}  // namespace

std::shared_ptr<MemoryBroker> MemoryBroker::make(std::shared_ptr<Executor> executor, const MemoryOptions& options) {
  return std::shared_ptr<MemoryBroker>{new MemoryBroker{std::move(executor), options}};
}

MemoryBroker::MemoryBroker(std::shared_ptr<Executor> executor, const MemoryOptions& options)
    : executor_{std::move(executor)}, changed_{executor_->condition()}, deployment_{options} {}

std::unique_ptr<transport::Transport> MemoryBroker::open(std::string name) {
  {
    const Lock lock{mutex_};
    Process& process = processes_[name];
    if (process.number == 0 || process.state == Process::State::crashed) {
      process = Process{.number = ++last_process_, .members = {}};
    }
  }
  return std::make_unique<MemoryTransport>(shared_from_this(), std::move(name));
}

Result<void> MemoryBroker::check(const std::string& process) {
  const Lock lock{mutex_};
  return reachable(process);
}

Result<void> MemoryBroker::reachable(const std::string& process) const {
  if (auto living = alive(process); !living) return living;
  if (processes_.at(process).state == Process::State::live) return {};
  return unavailable(fmt::format("process '{}' is cut off from the memory broker (a fault of the test)", process));
}

Result<void> MemoryBroker::alive(const std::string& process) const {
  if (processes_.at(process).state != Process::State::crashed) return {};
  return unavailable(fmt::format("process '{}' crashed (a fault of the test)", process));
}

Result<void> MemoryBroker::publish(const std::string& process, Record record, Time deadline) {
  Lock lock{mutex_};
  return publish_one(lock, process, std::move(record), Beyond::nothing, deadline);
}

Result<void> MemoryBroker::publish_one(Lock& lock, const std::string& process, Record record, Beyond beyond,
                                       Time deadline) {
  if (auto reached = reachable(process); !reached) return reached;
  if (auto struck = strike(lock, FaultPoint::publish, FaultMoment::before, process, deadline); !struck) return struck;
  if (auto published = deployment_.publish(std::move(record), beyond, executor_->now()); !published) return published;
  wake_touched();
  return strike(lock, FaultPoint::publish, FaultMoment::after, process, deadline);
}

Result<MemberId> MemoryBroker::join(const std::string& process, const SubscriptionSpec& spec,
                                    std::shared_ptr<RunningBoard> board) {
  const Lock lock{mutex_};
  if (auto living = alive(process); !living) return living.error();
  Process& host = processes_.at(process);
  const auto id = deployment_.join(spec, {process, host.number}, std::move(board), executor_->now());
  if (!id) return id;
  host.members.insert(*id);
  seats_[*id] = executor_->condition();
  if (host.state == Process::State::away) deployment_.detach(*id, executor_->now());
  wake_all();
  return id;
}

void MemoryBroker::wake_all() {
  changed_->notify_all();
  for (const auto& [id, seat] : seats_) seat->notify_all();
}

// Whoever may have something to receive by what was done.
void MemoryBroker::wake_touched() {
  const Touched touched = deployment_.take_touched();
  if (touched.all) return wake_all();
  changed_->notify_all();
  for (const MemberId id : touched.members) {
    if (const auto seat = seats_.find(id); seat != seats_.end()) seat->second->notify_all();
  }
}

bool MemoryBroker::is_member(const std::string& process, MemberId id) const {
  return processes_.at(process).members.contains(id);
}

void MemoryBroker::leave(const std::string& process, MemberId id) {
  const Lock lock{mutex_};
  if (processes_.at(process).members.erase(id) == 0) return;
  deployment_.leave(id, MemorySubscription::Going::left, executor_->now());
  wake_all();
  seats_.erase(id);
}

Result<Batch> MemoryBroker::receive(const std::string& process, MemberId id, std::size_t max, Time deadline) {
  const Deadline until{*executor_, deadline};
  Lock lock{mutex_};
  while (true) {
    if (!is_member(process, id)) return unavailable(fmt::format("process '{}' crashed (a fault of the test)", process));
    if (deployment_.tick(executor_->now())) wake_all();
    if (std::exchange(deployment_.member(id).woken, false)) return Batch{};
    if (deployment_.member(id).away) return wait_while_away(lock, process, until.at());
    if (auto struck = strike(lock, FaultPoint::receive, FaultMoment::before, process, until.at()); !struck) {
      return struck.error();
    }
    if (!is_member(process, id) || deployment_.member(id).away) continue;
    Batch batch = deployment_.take(id, max, executor_->now());
    if (!batch.notices.empty() || !batch.deliveries.empty()) {
      if (auto struck = strike(lock, FaultPoint::receive, FaultMoment::after, process, until.at()); !struck) {
        return struck.error();
      }
      return batch;
    }
    if (until.reached()) return batch;
    const auto seat = seats_.at(id);  // it may leave meanwhile
    seat->wait_until(lock, std::min(until.at(), deployment_.next_timer(id)));
  }
}

Result<Batch> MemoryBroker::wait_while_away(Lock& lock, const std::string& process, Time deadline) {
  changed_->wait_until(lock, deadline, *executor_,
                       [&] { return processes_.at(process).state != Process::State::away; });
  return unavailable(fmt::format("process '{}' is cut off from the memory broker (a fault of the test)", process));
}

void MemoryBroker::wake(const std::string& process, MemberId id) {
  const Lock lock{mutex_};
  if (!is_member(process, id)) return;
  deployment_.member(id).woken = true;
  seats_.at(id)->notify_all();
}

std::vector<Result<void>> MemoryBroker::settle(const std::string& process, MemberId id,
                                               std::vector<Settlement> settlements, Time deadline) {
  Lock lock{mutex_};
  std::vector<Result<void>> results;
  results.reserve(settlements.size());
  Result<void> outputs;  // refused for now: what follows must not overtake it
  for (Settlement& settlement : settlements) {
    const bool publishes = !settlement.publishes.empty() && !flawed(Flaw::memory_outputs_overtake);
    if (publishes && !outputs) {
      results.push_back(outputs);
      continue;
    }
    results.push_back(settle_one(lock, process, id, std::move(settlement), deadline));
    if (publishes && is_for_now(results.back())) outputs = results.back();
  }
  wake_touched();
  return results;
}

Result<void> MemoryBroker::settle_one(Lock& lock, const std::string& process, MemberId id, Settlement settlement,
                                      Time deadline) {
  if (auto struck = strike(lock, FaultPoint::settle, FaultMoment::before, process, deadline); !struck) return struck;
  if (!is_member(process, id)) return conflict(fmt::format("process '{}' crashed (a fault of the test)", process));
  if (!options().transactional) {
    for (Record& record : std::exchange(settlement.publishes, {})) {
      if (auto published = publish_one(lock, process, std::move(record), Beyond::reserve, deadline); !published)
        return published;
    }
    if (!is_member(process, id)) return conflict(fmt::format("process '{}' crashed (a fault of the test)", process));
  }
  if (deployment_.tick(executor_->now())) wake_all();
  if (auto settled = deployment_.settle(id, std::move(settlement), executor_->now()); !settled) return settled;
  return strike(lock, FaultPoint::settle, FaultMoment::after, process, deadline);
}

void MemoryBroker::set_flow(const std::string& process, MemberId id, std::span<const transport::PartitionId> partitions,
                            transport::Consumer::Flow flow) {
  const Lock lock{mutex_};
  if (!is_member(process, id)) return;
  deployment_.set_flow(id, partitions, flow);
  seats_.at(id)->notify_all();
}

void MemoryBroker::close(const std::string& process) {
  const Lock lock{mutex_};
  Process& host = processes_.at(process);
  for (const MemberId id : std::exchange(host.members, {})) {
    deployment_.leave(id, MemorySubscription::Going::left, executor_->now());
    seats_.at(id)->notify_all();
    seats_.erase(id);
  }
  wake_all();
}

}  // namespace tidings::memory
