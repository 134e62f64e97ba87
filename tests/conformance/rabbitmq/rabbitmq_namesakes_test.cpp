// Two processes of one instance name, on a real server.
#include <gmock/gmock.h>

#include "tests/conformance/rabbitmq/rabbitmq_fixture.hpp"
#include "tests/support/eventually.hpp"
#include "tidings/transport/operator.hpp"

namespace tidings::conformance {
namespace {

class RabbitmqNamesakes : public ::testing::Test {
 protected:
  void SetUp() override {
    transport_ = fixture_.open("operator").value();
    ASSERT_TRUE(transport_->declare({.topics = {{.name = kTasks}}, .published = {{"Task", kTasks}}}));
  }
  std::unique_ptr<WorkerProcess> start() {
    auto started = fixture_.start_worker({.instance = "one"});
    EXPECT_TRUE(started) << started.error().message;
    return *std::move(started);
  }
  transport::Topology& topology() { return *transport_->operations().topology; }
  // The only member that is shown, once it has something. 0: there is none, or another one.
  std::int64_t member() {
    const auto groups = topology().groups();
    if (!groups || groups->size() != 1 || groups->front().members.size() != 1) return 0;
    const transport::MemberState& member = groups->front().members.front();
    return member.partitions > 0 ? member.pid : 0;
  }

  RabbitmqFixture fixture_;
  std::unique_ptr<transport::Transport> transport_;
};

TEST_F(RabbitmqNamesakes, TheFirstIsKnownToLiveAfterTheSecondLeft) {
  const auto first = start();
  ASSERT_TRUE(testing::eventually([&] { return member() != 0; }));
  const std::int64_t of_first = member();
  const auto second = start();
  ASSERT_TRUE(testing::eventually([&] { return member() != of_first && member() != 0; })) << "it waits for the name";
  ASSERT_TRUE(second->stop());
  EXPECT_EQ(member(), of_first);
  const auto removed = topology().remove_group("shop");
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().kind, ErrorKind::conflict);
  ASSERT_TRUE(first->stop());
  const auto removed_now = topology().remove_group("shop");
  EXPECT_TRUE(removed_now) << removed_now.error().message;
}

}  // namespace
}  // namespace tidings::conformance
