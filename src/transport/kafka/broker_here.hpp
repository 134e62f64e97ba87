// The broker that tests of this room run against: the one that ctest starts for them, or that of TIDINGS_KAFKA_URL.
#pragma once

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

#include "transport/driver/copy.hpp"
#include "transport/kafka/client/cluster.hpp"

namespace tidings::kafka {

using transport::Copy;

// Each test has a deployment of its own: a prefix.
class BrokerHere : public ::testing::Test {
 protected:
  void SetUp() override;

  std::shared_ptr<Cluster> open(CreateTopics create = CreateTopics::yes);  // another process' view
  Cluster& cluster() { return *cluster_; }
  const std::shared_ptr<Cluster>& shared_cluster() { return cluster_; }
  Executor& executor() { return *executor_; }
  Time soon() { return executor_->now() + std::chrono::seconds{20}; }

  // Confirmed, to a topic on the cluster.
  void send(const std::string& topic, const std::vector<transport::Record>& records,
            const std::optional<Copy>& copy = {});

 private:
  std::shared_ptr<Executor> executor_ = thread_executor();
  std::string prefix_;
  std::shared_ptr<Cluster> cluster_;
};

}  // namespace tidings::kafka
