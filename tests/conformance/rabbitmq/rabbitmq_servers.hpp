// RabbitMQ servers of one test, by scripts/rabbitmq: started for it, interrupted by it, and gone with it, also when it
// is killed.
//
// Threads: the test's.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/scratch_directory.hpp"
#include "tests/support/tcp_proxy.hpp"

namespace tidings::conformance {

struct RabbitmqServersSpec {
  int count = 1;         // or 3
  bool proxied = false;  // clients reach the one through a proxy
};

class RabbitmqServers final {
 public:
  explicit RabbitmqServers(const RabbitmqServersSpec& spec = {});  // throws std::runtime_error
  ~RabbitmqServers();
  RabbitmqServers(const RabbitmqServers&) = delete;
  RabbitmqServers& operator=(const RabbitmqServers&) = delete;

  std::string url() const;
  // Of one that is proxied: past the proxy, and the proxy.
  std::string direct_url() const;
  testing::TcpProxy& proxy() const { return *proxy_; }

  // Of server 1, 2, 3.
  void signal(int number, int server = 1) const;
  // With all its queues on its disk.
  void kill(int server = 1) const;
  // Those that died are started again; or that one.
  void start() const;
  void start(int server) const;
  // What `rabbitmqctl` says to that, on server 1.
  std::string ctl(std::vector<std::string> arguments) const;

 private:
  int count() const;
  void write_all(int server) const;

  const testing::ScratchDirectory scratch_;
  const std::filesystem::path directory_;
  const std::unique_ptr<testing::TcpProxy> proxy_;
};

}  // namespace tidings::conformance
