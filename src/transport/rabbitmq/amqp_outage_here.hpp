// A server of a test's own, whose connections are closed, and which dies and comes back.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/scratch_directory.hpp"
#include "transport/rabbitmq/topology/broker.hpp"

namespace tidings::rabbitmq {

class AmqpOutageHere : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  std::shared_ptr<Broker> open();
  std::string url() const;
  void script(const std::vector<std::string>& arguments);
  void close_connections() { script({"ctl", server_, "close_all_connections", "a test"}); }
  // Of the server's process.
  int pid() const;
  // What it was told is on its disk then: RabbitMQ 3.10 writes some of it seconds later.
  void write_all();
  void end_and_start(int signal);
  Executor& executor() { return *executor_; }
  const std::shared_ptr<Executor>& shared_executor() { return executor_; }

 private:
  tidings::testing::ScratchDirectory scratch_;
  const std::filesystem::path server_ = scratch_ / "server";
  const std::shared_ptr<Executor> executor_ = thread_executor();
};

}  // namespace tidings::rabbitmq
