// A RabbitMQ server of one test, by scripts/rabbitmq: started for it, interrupted by it, and gone with it, also when it
// is killed.
//
// Threads: the test's.
#pragma once

#include <filesystem>
#include <string>

#include "tests/support/scratch_directory.hpp"

namespace tidings::conformance {

class RabbitmqServers final {
 public:
  RabbitmqServers();  // throws std::runtime_error
  ~RabbitmqServers();
  RabbitmqServers(const RabbitmqServers&) = delete;
  RabbitmqServers& operator=(const RabbitmqServers&) = delete;

  std::string url() const;
  void signal(int number) const;
  // With all its queues on its disk.
  void kill() const;
  // It died, and is started again.
  void start() const;

 private:
  const testing::ScratchDirectory scratch_;
  const std::filesystem::path directory_;
};

}  // namespace tidings::conformance
