// The server that tests of this room run against: the one that ctest starts for them, or that of TIDINGS_RABBITMQ_URL.
#pragma once

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

#include "tidings/transport/transport.hpp"
#include "transport/rabbitmq/topology/broker.hpp"

namespace tidings::rabbitmq {

// Each test has a deployment of its own: a prefix. Its control stream and its exchange `events` are removed afterwards,
// and what else the test names.
class AmqpBrokerHere : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  std::shared_ptr<Broker> open();  // another process' view
  Broker& broker() { return *broker_; }
  const std::shared_ptr<Broker>& shared_broker() { return broker_; }
  Executor& executor() { return *executor_; }
  const std::shared_ptr<Executor>& shared_executor() { return executor_; }
  const std::string& prefix() const { return prefix_; }
  Time soon() { return executor_->now() + std::chrono::seconds{20}; }
  // So many, or the test fails and what came soon is all.
  std::vector<transport::Delivery> receive(transport::Consumer& from, std::size_t count);

  void remove_queue_afterwards(std::string queue) { queues_.push_back(std::move(queue)); }
  void remove_exchange_afterwards(std::string exchange) { exchanges_.push_back(std::move(exchange)); }

 private:
  std::shared_ptr<Executor> executor_ = thread_executor();
  std::string prefix_;
  std::shared_ptr<Broker> broker_;
  std::vector<std::string> queues_;
  std::vector<std::string> exchanges_;
};

// A deployment on that server; a fault fails the test.
std::shared_ptr<Broker> open_broker(const std::string& url, const std::string& prefix,
                                    std::shared_ptr<Executor> executor);

}  // namespace tidings::rabbitmq
