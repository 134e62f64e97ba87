// Connections that are closed, and a server that dies and comes back: one of its own, so that nobody else's is
// disturbed.
#include <fmt/format.h>

#include <csignal>

#include "tests/support/eventually.hpp"
#include "transport/rabbitmq/amqp_outage_here.hpp"
#include "transport/rabbitmq/control/rabbitmq_control.hpp"

namespace tidings::rabbitmq {
namespace {

using transport::PutOptions;

class ControlOutageBrokerTest : public AmqpOutageHere {
 protected:
  RabbitmqControl control() { return {std::make_shared<ControlStream>(open()), ControlSpace::users}; }
  // A put may be refused while the server is away, or be there all the same.
  static void put_at_last(RabbitmqControl& to, const std::string& value) {
    EXPECT_TRUE(tidings::testing::eventually([&] { return static_cast<bool>(to.put("a", value, {})); })) << value;
  }
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
  end_and_start(SIGTERM);
  put_at_last(here, "stopped");
  write_all();
  end_and_start(SIGKILL);
  put_at_last(here, "killed");
  EXPECT_EQ(elsewhere.get("a").value()->value, "killed");
  EXPECT_EQ(elsewhere.list("k/").value().size(), 20u);
  EXPECT_EQ(control().list("k/").value().size(), 20u);
}

}  // namespace
}  // namespace tidings::rabbitmq
