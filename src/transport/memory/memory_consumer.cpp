#include "transport/memory/memory_consumer.hpp"

namespace tidings::memory {

MemoryConsumer::MemoryConsumer(std::shared_ptr<MemoryBroker> broker, std::string process, MemberId id,
                               std::shared_ptr<RunningBoard> board)
    : broker_{std::move(broker)},
      process_{std::move(process)},
      id_{id},
      board_{std::move(board)},
      changed_{broker_->executor().condition()},
      thread_{broker_->executor().spawn("memory-settle", [this] { run(); })} {}

MemoryConsumer::~MemoryConsumer() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    changed_->notify_all();
  }
  thread_.reset();
  broker_->leave(process_, id_);
}

void MemoryConsumer::settle(std::vector<transport::Settlement> settlements, Settled settled) {
  const std::lock_guard lock{mutex_};
  const Time deadline = broker_->executor().now() + transport::kSettleWithin;
  calls_.push_back({std::move(settlements), std::move(settled), deadline});
  changed_->notify_all();
}

void MemoryConsumer::run() {
  std::unique_lock lock{mutex_};
  while (true) {
    while (calls_.empty() && !stopping_) changed_->wait_until(lock, kNever);
    if (calls_.empty()) return;
    Call call = std::move(calls_.front());
    calls_.pop_front();
    lock.unlock();
    std::vector<Result<void>> outcomes = broker_->settle(process_, id_, std::move(call.settlements), call.deadline);
    for (std::size_t i = 0; i < outcomes.size(); ++i) call.settled(i, std::move(outcomes[i]));
    call.settled = nullptr;
    lock.lock();
  }
}

}  // namespace tidings::memory
