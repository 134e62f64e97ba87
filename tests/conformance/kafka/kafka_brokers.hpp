// Brokers of one test, by scripts/kafka: started for it, interrupted by it, and gone with it, also when it is killed.
//
// Threads: the test's.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "tests/support/scratch_directory.hpp"
#include "tests/support/server_script.hpp"
#include "tests/support/tcp_proxy.hpp"

namespace tidings::conformance {

using testing::first_line;

struct KafkaBrokersSpec {
  int count = 1;           // or 3
  bool proxied = false;    // clients reach them through a proxy
  int room_megabytes = 0;  // of their data's file system; 0: there is room
};

class KafkaBrokers final {
 public:
  explicit KafkaBrokers(const KafkaBrokersSpec& spec = {});  // throws std::runtime_error
  ~KafkaBrokers();
  KafkaBrokers(const KafkaBrokers&) = delete;
  KafkaBrokers& operator=(const KafkaBrokers&) = delete;

  std::string url() const { return first_line(directory_ / "url"); }
  // Of those that are proxied: past the proxy, and the proxy.
  std::string direct_url() const { return first_line(directory_ / "direct"); }
  testing::TcpProxy& proxy() const { return *proxy_; }
  int count() const;
  // The number of the one that is the controller, as broker 1 knows; 0: there is none.
  int controller() const;

  // Of broker 1, 2, 3.
  void signal(int number, int broker = 1) const;
  bool is_running(int broker = 1) const;
  // Those that died; or that one.
  void start() const;
  void start(int broker) const;
  // Of those that have little.
  void make_room(int megabytes) const;

 private:
  int pid_of(int broker) const;

  const testing::ScratchDirectory scratch_;
  const std::filesystem::path directory_;
  const std::unique_ptr<testing::TcpProxy> proxy_;
};

}  // namespace tidings::conformance
