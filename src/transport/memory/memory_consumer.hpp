// A consumer of a MemoryBroker.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "transport/memory/memory_broker.hpp"

namespace tidings::memory {

class MemoryConsumer final : public transport::Consumer {
 public:
  MemoryConsumer(std::shared_ptr<MemoryBroker> broker, std::string process, MemberId id,
                 std::shared_ptr<RunningBoard> board)
      : broker_{std::move(broker)}, process_{std::move(process)}, id_{id}, board_{std::move(board)} {}
  ~MemoryConsumer() override { broker_->leave(process_, id_); }

  Result<transport::Batch> receive(std::size_t max, Time deadline) override {
    return broker_->receive(process_, id_, max, deadline);
  }
  std::vector<Result<void>> settle(std::vector<transport::Settlement> settlements) override {
    return broker_->settle(process_, id_, std::move(settlements));
  }
  void set_flow(std::span<const transport::PartitionId> partitions, Flow flow) override {
    broker_->set_flow(process_, id_, partitions, flow);
  }
  void wake() override { broker_->wake(process_, id_); }
  std::span<std::atomic<std::uint64_t>> running() override { return board_->slots; }

 private:
  const std::shared_ptr<MemoryBroker> broker_;
  const std::string process_;
  const MemberId id_;
  const std::shared_ptr<RunningBoard> board_;
};

}  // namespace tidings::memory
