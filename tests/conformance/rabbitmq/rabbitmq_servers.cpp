#include "tests/conformance/rabbitmq/rabbitmq_servers.hpp"

#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>

#include "tests/support/server_script.hpp"

namespace tidings::conformance {

using testing::first_line;
using testing::run_script;

RabbitmqServers::RabbitmqServers(const RabbitmqServersSpec& spec)
    : directory_{scratch_ / "servers"}, proxy_{spec.proxied ? std::make_unique<testing::TcpProxy>() : nullptr} {
  run_script(RABBITMQ_SCRIPT,
             {"up", directory_, "--nodes", std::to_string(spec.count), "--while", std::to_string(::getpid())});
  if (!spec.proxied) return;
  const std::string behind = direct_url();
  proxy_->forward_to(static_cast<std::uint16_t>(std::stoi(behind.substr(behind.rfind(':') + 1))));
}

RabbitmqServers::~RabbitmqServers() {
  for (int server = 1; server <= count(); ++server) signal(SIGKILL, server);  // what they have is nobody's any more
  run_script(RABBITMQ_SCRIPT, {"down", directory_});
}

std::string RabbitmqServers::direct_url() const {
  return first_line(directory_ / "url");
}

std::string RabbitmqServers::url() const {
  return proxy_ ? "amqp://127.0.0.1:" + std::to_string(proxy_->port()) + "/" : direct_url();
}

int RabbitmqServers::count() const {
  int count = 0;
  while (std::filesystem::exists(directory_ / std::to_string(count + 1))) ++count;
  return count;
}

// RabbitMQ 3.10 writes down which quorum queues, streams and bindings it has some seconds after they were made (dets
// tables that save themselves, and Mnesia's log): one that dies before has lost them. docs/scaling.md says so to
// users; what the tests are about is what happens afterwards.
void RabbitmqServers::write_all(int server) const {
  run_script(RABBITMQ_SCRIPT, {"ctl", directory_, std::to_string(server), "eval",
                               "[dets:sync(T) || T <- dets:all()], mnesia:sync_log()."});
}

void RabbitmqServers::kill(int server) const {
  write_all(server);
  signal(SIGKILL, server);
}

void RabbitmqServers::signal(int number, int server) const {
  const int pid = std::atoi(first_line(directory_ / std::to_string(server) / "pid").c_str());
  if (pid > 0) ::kill(pid, number);
}

void RabbitmqServers::start() const {
  run_script(RABBITMQ_SCRIPT, {"start", directory_});
}

void RabbitmqServers::start(int server) const {
  run_script(RABBITMQ_SCRIPT, {"start", directory_, std::to_string(server)});
}

std::string RabbitmqServers::ctl(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), {"ctl", directory_});
  return run_script(RABBITMQ_SCRIPT, std::move(arguments));
}

}  // namespace tidings::conformance
