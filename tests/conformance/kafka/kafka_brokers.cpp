#include "tests/conformance/kafka/kafka_brokers.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

namespace tidings::conformance {

namespace {

void run_script(std::vector<std::string> arguments) {
  testing::run_script(KAFKA_SCRIPT, std::move(arguments));
}

}  // namespace

KafkaBrokers::KafkaBrokers(const KafkaBrokersSpec& spec)
    : directory_{scratch_ / "brokers"}, proxy_{spec.proxied ? std::make_unique<testing::TcpProxy>() : nullptr} {
  std::vector<std::string> arguments{
      "up", directory_, "--while", std::to_string(::getpid()), "--brokers", std::to_string(spec.count)};
  const auto add = [&](const std::string& option, int value) {
    arguments.insert(arguments.end(), {option, std::to_string(value)});
  };
  if (spec.proxied) add("--proxied", proxy_->port());
  if (spec.room_megabytes > 0) add("--room", spec.room_megabytes);
  run_script(std::move(arguments));
  if (!spec.proxied) return;
  const std::string behind = first_line(directory_ / "behind");
  proxy_->forward_to(static_cast<std::uint16_t>(std::stoi(behind.substr(behind.rfind(':') + 1))));
}

KafkaBrokers::~KafkaBrokers() {
  for (int broker = 1; broker <= count(); ++broker) signal(SIGKILL, broker);  // what they have is nobody's any more
  run_script({"down", directory_});
}

int KafkaBrokers::count() const {
  int count = 0;
  while (std::filesystem::exists(directory_ / std::to_string(count + 1))) ++count;
  return count;
}

int KafkaBrokers::controller() const {
  constexpr std::string_view kLeader = "\"leaderId\":";
  const std::string state = first_line(directory_ / "1" / "data" / "__cluster_metadata-0" / "quorum-state");
  const auto at = state.find(kLeader);
  return at == state.npos ? 0 : std::max(0, std::atoi(state.c_str() + at + kLeader.size()));
}

int KafkaBrokers::pid_of(int broker) const {
  return std::atoi(first_line(directory_ / std::to_string(broker) / "pid").c_str());
}

void KafkaBrokers::signal(int number, int broker) const {
  if (const int pid = pid_of(broker); pid > 0) ::kill(pid, number);
}

// One that has ended may be there still, for its parent to look at: it has no folder then.
bool KafkaBrokers::is_running(int broker) const {
  std::error_code gone;
  (void)std::filesystem::read_symlink("/proc/" + std::to_string(pid_of(broker)) + "/cwd", gone);
  return !gone;
}

void KafkaBrokers::start() const {
  run_script({"start", directory_});
}
void KafkaBrokers::start(int broker) const {
  run_script({"start", directory_, std::to_string(broker)});
}
void KafkaBrokers::make_room(int megabytes) const {
  run_script({"room", directory_, std::to_string(megabytes)});
}

}  // namespace tidings::conformance
