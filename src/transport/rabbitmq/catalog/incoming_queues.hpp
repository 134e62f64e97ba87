// Where a member's events come in: the queues that it reads, or while an operator changes their number
// (repartition.hpp) those that are read after them.
//
// Threads: one at a time. Blocks: never.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "transport/driver/topic_facts.hpp"
#include "transport/rabbitmq/control/control_stream.hpp"
#include "transport/rabbitmq/topology/subscription_queue.hpp"

namespace tidings::rabbitmq {

class IncomingQueues final {
 public:
  using Generations = std::function<QueueGenerations(const transport::TopicFact&)>;

  // `known`: what was so when the member joined. `of`: what a later fact of the topic makes of it.
  IncomingQueues(std::shared_ptr<ControlStream> log, std::string topic, QueueGenerations known, Generations of)
      : log_{std::move(log)}, topic_{std::move(topic)}, known_{std::move(known)}, of_{std::move(of)} {}

  // As far as Control was read. conflict: what the member reads was emptied, and others are read now.
  Result<SubscriptionQueues> now();

 private:
  const std::shared_ptr<ControlStream> log_;
  const std::string topic_;
  QueueGenerations known_;
  const Generations of_;
  std::uint64_t version_ = 0;  // of the last fact that was seen
};

}  // namespace tidings::rabbitmq
