// Sends one message, and waits until it is confirmed or refused.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "transport/rabbitmq/link/rabbitmq_limits.hpp"
#include "transport/rabbitmq/publish/amqp_producer.hpp"

namespace tidings::rabbitmq {

// Blocks: as long as the producer's deliver_within.
inline Result<void> send_now(Producer& producer, Executor& executor, Outgoing message) {
  struct Answer {
    explicit Answer(Executor& executor) : changed{executor.condition()} {}
    std::mutex mutex;
    std::unique_ptr<Condition> changed;
    std::optional<Result<void>> outcome;
  };
  const auto answer = std::make_shared<Answer>(executor);
  message.answered = [answer](Result<void> outcome) {
    const std::lock_guard lock{answer->mutex};
    answer->outcome = std::move(outcome);
    answer->changed->notify_all();
  };
  std::vector<Outgoing> one;
  one.push_back(std::move(message));
  producer.send(std::move(one));
  std::unique_lock lock{answer->mutex};
  while (!answer->outcome) answer->changed->wait_until(lock, kNever);
  return *std::move(answer->outcome);
}

}  // namespace tidings::rabbitmq
