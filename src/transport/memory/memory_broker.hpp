// A memory deployment that several transports of one program share, each of them a "process" with a name.
//
//   auto broker = memory::MemoryBroker::make(executor);
//   auto first = broker->open("first");
//   auto second = broker->open("second");
//   broker->crash("first");
//
// Threads: any. Blocks: receive() and what hangs by a fault, on the executor; the rest only on a mutex.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tidings/executor.hpp"
#include "transport/memory/deployment.hpp"
#include "transport/memory/memory_faults.hpp"

namespace tidings::memory {

class MemoryBroker final : public std::enable_shared_from_this<MemoryBroker> {
 public:
  static std::shared_ptr<MemoryBroker> make(std::shared_ptr<Executor> executor, const MemoryOptions& options = {});

  // A transport of the process `name`. A crashed process of that name begins anew.
  std::unique_ptr<transport::Transport> open(std::string name);

  void inject(Fault fault);
  // Forgets all faults and lets go what hangs.
  void heal();

  // The process is gone, as by SIGKILL: what its running boards show is suspect, what it marked is charged. Its objects
  // answer `unavailable`, or `conflict` for settlements, from then on.
  void crash(const std::string& process);
  bool lives(const std::string& process);
  // Its connection is lost: others take over, nothing is charged. receive() is `unavailable` until restore().
  void cut_off(const std::string& process);
  void restore(const std::string& process);
  void drop(const std::string& process);  // both
  // How often it lost its connection.
  std::uint64_t losses(const std::string& process);

  // What follows is for this room's transport.

  Executor& executor() const { return *executor_; }
  const MemoryOptions& options() const { return deployment_.options(); }
  void close(const std::string& process);  // a transport of it is gone

  Result<void> publish(const std::string& process, transport::Record record, Time deadline);
  Result<MemberId> join(const std::string& process, const transport::SubscriptionSpec& spec,
                        std::shared_ptr<RunningBoard> board);
  void leave(const std::string& process, MemberId id);
  Result<transport::Batch> receive(const std::string& process, MemberId id, std::size_t max, Time deadline);
  void wake(const std::string& process, MemberId id);
  std::vector<Result<void>> settle(const std::string& process, MemberId id,
                                   std::vector<transport::Settlement> settlements, Time deadline);
  void set_flow(const std::string& process, MemberId id, std::span<const transport::PartitionId> partitions,
                transport::Consumer::Flow flow);
  // unavailable: the process crashed or is cut off.
  Result<void> check(const std::string& process);

  // Runs `ask(deployment, now)` under the lock, wakes who waits for changes.
  template <class Ask>
  auto with(Ask ask) {
    const std::lock_guard lock{mutex_};
    wake_all();
    return ask(deployment_, executor_->now());
  }
  // Likewise for control records, for which no consumer waits.
  template <class Ask>
  auto with_control(Ask ask) {
    const std::lock_guard lock{mutex_};
    changed_->notify_all();
    return ask(deployment_.control(), executor_->now());
  }
  // Runs `look(deployment)` under the lock: for what changes nothing.
  template <class Look>
  auto look(Look look) {
    const std::lock_guard lock{mutex_};
    return look(std::as_const(deployment_));
  }
  // Waits until `ready(deployment)` or the deadline.
  template <class Ready>
  void wait(Time deadline, Ready ready) {
    Lock lock{mutex_};
    changed_->wait_until(lock, deadline, *executor_, [&] { return ready(deployment_); });
  }

 private:
  using Lock = std::unique_lock<std::mutex>;

  struct Process {
    enum class State { live, away, crashed };
    std::int64_t number = 0;
    State state = State::live;
    std::uint64_t losses = 0;
    std::set<MemberId> members;
  };

  MemoryBroker(std::shared_ptr<Executor> executor, const MemoryOptions& options);

  // Refuses what a dead process asks.
  Result<void> alive(const std::string& process) const;
  // And one that is cut off.
  Result<void> reachable(const std::string& process) const;
  Result<void> strike(Lock& lock, FaultPoint point, FaultMoment moment, const std::string& process, Time deadline);
  Result<void> hang(Lock& lock, const std::string& process, Time deadline);
  void crash_locked(const std::string& process);
  void cut_off_locked(const std::string& process);
  void restore_locked(const std::string& process);
  bool is_member(const std::string& process, MemberId id) const;
  void wake_all();
  void wake_touched();
  Result<void> publish_one(Lock& lock, const std::string& process, transport::Record record, Beyond beyond,
                           Time deadline);
  Result<void> settle_one(Lock& lock, const std::string& process, MemberId id, transport::Settlement settlement,
                          Time deadline);
  Result<transport::Batch> wait_while_away(Lock& lock, const std::string& process, Time deadline);

  const std::shared_ptr<Executor> executor_;
  std::mutex mutex_;
  const std::unique_ptr<Condition> changed_;              // for all but receive()
  std::map<MemberId, std::shared_ptr<Condition>> seats_;  // where receive() waits
  Deployment deployment_;
  MemoryFaults faults_;
  std::map<std::string, Process> processes_;
  std::uint64_t healed_ = 0;  // how often heal() was called
  std::int64_t last_process_ = 0;
};

}  // namespace tidings::memory
