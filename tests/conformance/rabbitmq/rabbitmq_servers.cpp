#include "tests/conformance/rabbitmq/rabbitmq_servers.hpp"

#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "tests/support/server_script.hpp"

namespace tidings::conformance {

using testing::first_line;
using testing::run_script;

RabbitmqServers::RabbitmqServers() : directory_{scratch_ / "servers"} {
  run_script(RABBITMQ_SCRIPT, {"up", directory_, "--while", std::to_string(::getpid())});
}

RabbitmqServers::~RabbitmqServers() {
  signal(SIGKILL);  // what it has is nobody's any more
  run_script(RABBITMQ_SCRIPT, {"down", directory_});
}

std::string RabbitmqServers::url() const {
  return first_line(directory_ / "url");
}

void RabbitmqServers::signal(int number) const {
  if (const int pid = std::atoi(first_line(directory_ / "1" / "pid").c_str()); pid > 0) ::kill(pid, number);
}

void RabbitmqServers::start() const {
  run_script(RABBITMQ_SCRIPT, {"start", directory_});
}

}  // namespace tidings::conformance
