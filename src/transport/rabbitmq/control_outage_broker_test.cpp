// Connections that are closed, and a server that dies and comes back: one of its own, so that nobody else's is
// disturbed.
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "tests/support/child_process.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/scratch_directory.hpp"
#include "transport/rabbitmq/amqp_broker_here.hpp"
#include "transport/rabbitmq/rabbitmq_control.hpp"

namespace tidings::rabbitmq {
namespace {

using transport::PutOptions;

class ControlOutageBrokerTest : public ::testing::Test {
 protected:
  void SetUp() override { script({"up", server_, "--while", std::to_string(::getpid())}); }
  void TearDown() override { script({"down", server_}); }

  void script(const std::vector<std::string>& arguments) {
    tidings::testing::ChildProcess run{{.program = RABBITMQ_SCRIPT, .arguments = arguments}};
    ASSERT_EQ(run.wait(std::chrono::minutes{2}), tidings::testing::ChildExit{.code = 0}) << run.error_output();
  }
  void close_connections() { script({"ctl", server_, "close_all_connections", "a test"}); }
  void end_and_start(int signal) {
    const int server = std::stoi(first_line(server_ / "1" / "pid"));
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
  RabbitmqControl control() {
    const auto broker = open_broker(first_line(server_ / "url"), "", executor_);
    return {std::make_shared<ControlStream>(broker), ControlSpace::users};
  }
  // A put may be refused while the server is away, or be there all the same.
  static void put_at_last(RabbitmqControl& to, const std::string& value) {
    EXPECT_TRUE(tidings::testing::eventually([&] { return static_cast<bool>(to.put("a", value, {})); })) << value;
  }
  Executor& executor() { return *executor_; }

 private:
  static std::string first_line(const std::filesystem::path& file) {
    std::ifstream in{file};
    std::string line;
    std::getline(in, line);
    return line;
  }

  tidings::testing::ScratchDirectory scratch_;
  const std::filesystem::path server_ = scratch_ / "server";
  const std::shared_ptr<Executor> executor_ = thread_executor();
};

TEST_F(ControlOutageBrokerTest, GoesOnBehindWhatItReadWhenItsConnectionsWereClosed) {
  auto here = control();
  auto elsewhere = control();
  const auto first = here.put("a", "1", {}).value();
  ASSERT_TRUE(elsewhere.get("a").value());
  const auto seen = elsewhere.watch(0, executor().now()).value();
  close_connections();
  const auto second = here.put("a", "2", PutOptions{.expected = first});
  ASSERT_TRUE(second) << second.error().message;
  const auto found = elsewhere.get("a");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ((*found)->value, "2");
  EXPECT_GT(elsewhere.watch(seen, executor().now()).value(), seen);
  EXPECT_EQ(here.put("a", "3", PutOptions{.expected = first}).error().kind, ErrorKind::conflict);
}

TEST_F(ControlOutageBrokerTest, KeepsAllWhenTheServerWasStoppedOrKilled) {
  auto here = control();
  auto elsewhere = control();
  for (int i = 0; i < 20; ++i) {
    const auto put = here.put(fmt::format("k/{}", i), "v", {});
    ASSERT_TRUE(put) << put.error().message;
  }
  ASSERT_EQ(elsewhere.list("k/").value().size(), 20u);
  // First: RabbitMQ 3.10 loses its first stream if it is killed within some seconds.
  end_and_start(SIGTERM);
  put_at_last(here, "stopped");
  end_and_start(SIGKILL);
  put_at_last(here, "killed");
  EXPECT_EQ(elsewhere.get("a").value()->value, "killed");
  EXPECT_EQ(elsewhere.list("k/").value().size(), 20u);
  EXPECT_EQ(control().list("k/").value().size(), 20u);
}

}  // namespace
}  // namespace tidings::rabbitmq
