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

// RabbitMQ 3.10 writes down which quorum queues, streams and bindings it has some seconds after they were made (dets
// tables that save themselves, and Mnesia's log): one that dies before has lost them. docs/rabbitmq.md says so to
// users; what the tests are about is what happens afterwards.
void RabbitmqServers::kill() const {
  run_script(RABBITMQ_SCRIPT, {"ctl", directory_, "eval", "[dets:sync(T) || T <- dets:all()], mnesia:sync_log()."});
  signal(SIGKILL);
}

void RabbitmqServers::signal(int number) const {
  if (const int pid = std::atoi(first_line(directory_ / "1" / "pid").c_str()); pid > 0) ::kill(pid, number);
}

void RabbitmqServers::start() const {
  run_script(RABBITMQ_SCRIPT, {"start", directory_});
}

}  // namespace tidings::conformance
