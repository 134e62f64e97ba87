#include "transport/rabbitmq/amqp_outage_here.hpp"

#include <unistd.h>

#include <csignal>
#include <fstream>
#include <system_error>

#include "tests/support/child_process.hpp"
#include "tests/support/eventually.hpp"
#include "transport/rabbitmq/amqp_broker_here.hpp"

namespace tidings::rabbitmq {

namespace {

std::string first_line(const std::filesystem::path& file) {
  std::ifstream in{file};
  std::string line;
  std::getline(in, line);
  return line;
}

}  // namespace

void AmqpOutageHere::SetUp() {
  script({"up", server_, "--while", std::to_string(::getpid())});
}

void AmqpOutageHere::TearDown() {
  script({"down", server_});
}

std::shared_ptr<Broker> AmqpOutageHere::open() {
  return open_broker(url(), "", executor_);
}

std::string AmqpOutageHere::url() const {
  return first_line(server_ / "url");
}

int AmqpOutageHere::pid() const {
  return std::stoi(first_line(server_ / "1" / "pid"));
}

void AmqpOutageHere::script(const std::vector<std::string>& arguments) {
  tidings::testing::ChildProcess run{{.program = RABBITMQ_SCRIPT, .arguments = arguments}};
  ASSERT_EQ(run.wait(std::chrono::minutes{2}), tidings::testing::ChildExit{.code = 0}) << run.error_output();
}

void AmqpOutageHere::write_all() {
  script({"ctl", server_, "eval", "[dets:sync(T) || T <- dets:all()], mnesia:sync_log()."});
}

void AmqpOutageHere::end_and_start(int signal) {
  const int server = pid();
  ASSERT_EQ(::kill(server, signal), 0);
  // One that has ended may be there still, for its parent to look at: it has no folder then.
  const std::string folder = "/proc/" + std::to_string(server) + "/cwd";
  ASSERT_TRUE(tidings::testing::eventually([&] {
    std::error_code gone;
    (void)std::filesystem::read_symlink(folder, gone);
    return static_cast<bool>(gone);
  }));
  script({"start", server_});
}

}  // namespace tidings::rabbitmq
