// A consumer of a MemoryBroker: settles on a thread of its own, as a driver of a broker would.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "transport/memory/memory_broker.hpp"

namespace tidings::memory {

class MemoryConsumer final : public transport::Consumer {
 public:
  MemoryConsumer(std::shared_ptr<MemoryBroker> broker, std::string process, MemberId id,
                 std::shared_ptr<RunningBoard> board);
  ~MemoryConsumer() override;

  Result<transport::Batch> receive(std::size_t max, Time deadline) override {
    return broker_->receive(process_, id_, max, deadline);
  }
  void settle(std::vector<transport::Settlement> settlements, Settled settled) override;
  void set_flow(std::span<const transport::PartitionId> partitions, Flow flow) override {
    broker_->set_flow(process_, id_, partitions, flow);
  }
  void wake() override { broker_->wake(process_, id_); }
  std::span<std::atomic<std::uint64_t>> running() override { return board_->slots; }

 private:
  struct Call {
    std::vector<transport::Settlement> settlements;
    Settled settled;
    Time deadline;
  };

  void run();

  const std::shared_ptr<MemoryBroker> broker_;
  const std::string process_;
  const MemberId id_;
  const std::shared_ptr<RunningBoard> board_;
  std::mutex mutex_;
  const std::unique_ptr<Condition> changed_;
  std::deque<Call> calls_;  // as many as the caller leaves unanswered
  bool stopping_ = false;
  std::unique_ptr<Thread> thread_;
};

}  // namespace tidings::memory
