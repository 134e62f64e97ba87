// How faults strike a MemoryBroker.
#include <fmt/format.h>

#include "transport/memory/memory_broker.hpp"

namespace tidings::memory {

void MemoryBroker::inject(Fault fault) {
  const Lock lock{mutex_};
  faults_.add(std::move(fault));
}

void MemoryBroker::heal() {
  const Lock lock{mutex_};
  faults_.clear();
  ++healed_;
  changed_->notify_all();
}

Result<void> MemoryBroker::strike(Lock& lock, FaultPoint point, FaultMoment moment, const std::string& process,
                                  Time deadline) {
  const auto fault = faults_.strike(point, moment, process);
  if (!fault) return {};
  switch (fault->harm) {
    case Harm::refuse:
      return fault->error;
    case Harm::hang:
      return hang(lock, process, deadline);
    case Harm::drop:
      cut_off_locked(process);
      restore_locked(process);
      return {};
    case Harm::cut_off:
      cut_off_locked(process);
      return {};
    case Harm::crash:
      crash_locked(process);
      return alive(process);
  }
  return {};
}

Result<void> MemoryBroker::hang(Lock& lock, const std::string& process, Time deadline) {
  const std::uint64_t healed = healed_;
  const bool healthy = changed_->wait_until(lock, deadline, *executor_, [&] {
    return healed_ != healed || processes_.at(process).state == Process::State::crashed;
  });
  if (!healthy) return unavailable(fmt::format("no answer in time in process '{}' (a fault of the test)", process));
  return alive(process);
}

void MemoryBroker::crash(const std::string& process) {
  const Lock lock{mutex_};
  crash_locked(process);
}

bool MemoryBroker::lives(const std::string& process) {
  const Lock lock{mutex_};
  return bool{alive(process)};
}

void MemoryBroker::cut_off(const std::string& process) {
  const Lock lock{mutex_};
  cut_off_locked(process);
}

void MemoryBroker::restore(const std::string& process) {
  const Lock lock{mutex_};
  restore_locked(process);
}

void MemoryBroker::drop(const std::string& process) {
  const Lock lock{mutex_};
  cut_off_locked(process);
  restore_locked(process);
}

std::uint64_t MemoryBroker::losses(const std::string& process) {
  const Lock lock{mutex_};
  return processes_.at(process).losses;
}

void MemoryBroker::crash_locked(const std::string& process) {
  Process& host = processes_.at(process);
  host.state = Process::State::crashed;
  for (const MemberId id : std::exchange(host.members, {})) {
    deployment_.leave(id, MemorySubscription::Going::crashed, executor_->now());
    seats_.at(id)->notify_all();
    seats_.erase(id);
  }
  wake_all();
}

void MemoryBroker::cut_off_locked(const std::string& process) {
  Process& host = processes_.at(process);
  if (host.state != Process::State::live) return;
  host.state = Process::State::away;
  ++host.losses;
  for (const MemberId id : host.members) deployment_.detach(id, executor_->now());
  wake_all();
}

void MemoryBroker::restore_locked(const std::string& process) {
  Process& host = processes_.at(process);
  if (host.state != Process::State::away) return;
  host.state = Process::State::live;
  for (const MemberId id : host.members) deployment_.attach(id, executor_->now());
  wake_all();
}

}  // namespace tidings::memory
