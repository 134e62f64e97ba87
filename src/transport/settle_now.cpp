#include <memory>
#include <mutex>

#include "tidings/transport/transport.hpp"

namespace tidings::transport {

std::vector<Result<void>> settle_now(Consumer& consumer, Executor& executor, std::vector<Settlement> settlements) {
  std::vector<Result<void>> outcomes(settlements.size());
  std::size_t outstanding = settlements.size();
  std::mutex mutex;
  const std::unique_ptr<Condition> answered = executor.condition();
  consumer.settle(std::move(settlements), [&](std::size_t index, Result<void> outcome) {
    const std::lock_guard lock{mutex};
    outcomes[index] = std::move(outcome);
    if (--outstanding == 0) answered->notify_all();
  });
  std::unique_lock lock{mutex};
  while (outstanding > 0) answered->wait_until(lock, kNever);
  return outcomes;
}

}  // namespace tidings::transport
