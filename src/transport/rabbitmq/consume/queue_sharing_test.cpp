#include "transport/rabbitmq/consume/queue_sharing.hpp"

#include <gtest/gtest.h>

#include <atomic>

#include "tidings/testing/simulated_executor.hpp"

namespace tidings::rabbitmq {
namespace {

using testing::SimulatedExecutor;

// A member that was let in during an alarm, and may not be one. No server is asked for that.
TEST(QueueSharing, SaysOnceThatAMemberIsRefused) {
  const auto executor = std::make_shared<SimulatedExecutor>(1);
  const auto log = std::make_shared<ControlStream>(std::make_shared<Broker>(AmqpOptions{}, executor));
  int asked = 0, told = 0;
  const auto announce = [&]() -> Result<void> {
    ++asked;
    return invalid("group 'g' reads the topic already");
  };
  {
    QueueSharing sharing{*executor,
                         log,
                         std::make_shared<Trials>(log, "orders.g"),
                         {.name = "orders.g",
                          .instance = "one",
                          .life = 1,
                          .announce = announce,
                          .tell = [](std::vector<ShareOrder>) {},
                          .trouble = [&](const Error& error) { told += error.kind == ErrorKind::invalid ? 1 : 0; }}};
    sharing.connected(1);
    ASSERT_TRUE(executor->run_until([&] { return asked == 2; }, std::chrono::seconds{10}));
  }
  EXPECT_EQ(told, asked);
}

}  // namespace
}  // namespace tidings::rabbitmq
