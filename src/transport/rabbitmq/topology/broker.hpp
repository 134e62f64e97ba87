// A RabbitMQ deployment as one opened transport sees it: its options, its names, and requests that are answered.
//
// Owns:    a connection for requests, which is opened again when it is gone.
// Threads: any, one request after the other.
// Blocks:  requests, each for the time that it is given.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tidings/executor.hpp"
#include "transport/driver/fault_plan.hpp"
#include "transport/rabbitmq/format/amqp_names.hpp"
#include "transport/rabbitmq/link/amqp_options.hpp"
#include "transport/rabbitmq/link/link.hpp"
#include "transport/rabbitmq/link/rabbitmq_limits.hpp"

namespace tidings::rabbitmq {

class Broker final {
 public:
  // unavailable: no server was reached within kReachWithin.
  static Result<std::shared_ptr<Broker>> open(AmqpOptions options, std::shared_ptr<Executor> executor);
  Broker(AmqpOptions options, std::shared_ptr<Executor> executor);

  const AmqpOptions& options() const { return options_; }
  Executor& executor() const { return *executor_; }
  const std::shared_ptr<Executor>& shared_executor() const { return executor_; }
  const Names& names() const { return names_; }
  transport::FaultPlan& faults() { return faults_; }

  // A request on a channel of its own. Where the connection breaks it is made again, on another one: nobody keeps its
  // heartbeats between requests, so that it may have been closed long ago.
  // unavailable: no answer `within` that time, that of others who ask before included.
  using Request = std::function<Result<void>(Link& link, Channel channel)>;
  Result<void> ask(const Request& request, Duration within = kRequestWithin);
  Result<void> check(Time deadline);

 private:
  class Turn;
  Result<void> connect(Time deadline);
  Result<void> ask_once(const Request& request, Time deadline);

  const AmqpOptions options_;
  const std::shared_ptr<Executor> executor_;
  const Names names_;
  transport::FaultPlan faults_ = transport::FaultPlan::from_environment();
  std::mutex mutex_;
  const std::unique_ptr<Condition> changed_;
  bool is_taken_ = false;  // somebody asks now, whose is all that follows
  std::unique_ptr<Link> link_;
  Channel channel_ = 0;  // of the last request
};

}  // namespace tidings::rabbitmq
