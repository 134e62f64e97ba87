// What ends while the server hangs ends in its time all the same.
#include <gmock/gmock.h>

#include <csignal>

#include "transport/rabbitmq/amqp_outage_here.hpp"
#include "transport/rabbitmq/rabbitmq_transport.hpp"

namespace tidings::rabbitmq {
namespace {

using transport::Record;

class HangingServerBrokerTest : public AmqpOutageHere {
 protected:
  void SetUp() override {
    AmqpOutageHere::SetUp();
    if (IsSkipped()) return;
    const std::string separator = url().find('?') == std::string::npos ? "?" : "&";
    transport_ = open_rabbitmq(transport::parse_url(url() + separator + "queues=4").value(), shared_executor()).value();
    const auto declared = transport_->declare({.topics = {{.name = "orders"}}, .published = {{"Order", "orders"}}});
    ASSERT_TRUE(declared) << declared.error().message;
  }
  void TearDown() override {
    if (transport_ != nullptr) ::kill(pid(), SIGCONT);
    transport_.reset();
    AmqpOutageHere::TearDown();
  }
  std::unique_ptr<transport::Consumer> join() {
    auto consumer = transport_->consumer({.group = "g", .instance = "one", .topic = "orders"});
    EXPECT_TRUE(consumer) << consumer.error().message;
    return *std::move(consumer);
  }
  static Record order(int number) {
    return {.topic = "orders", .key = "k", .id = std::to_string(number), .type = "Order", .body = "{}"};
  }
  void expect_to_end_in_time(const std::function<void()>& end) {
    const Time begun = executor().now();
    end();
    const auto took = executor().now() - begun;
    std::cout << "ended after " << std::chrono::duration_cast<std::chrono::milliseconds>(took).count() << " ms\n";
    EXPECT_LT(took, 2 * transport::kCloseWithin) << "without bounds, each answer that does not come takes 20 s";
  }

  std::unique_ptr<transport::Transport> transport_;
};

TEST_F(HangingServerBrokerTest, AConsumerEnds) {
  auto consumer = join();
  auto publisher = transport_->publisher({}).value();
  publisher->send({order(1)}, [](std::size_t, Result<void>) {});
  const auto batch = consumer->receive(1, executor().now() + std::chrono::seconds{30});
  ASSERT_TRUE(batch) << batch.error().message;
  ::kill(pid(), SIGSTOP);
  expect_to_end_in_time([&] { consumer.reset(); });
  ::kill(pid(), SIGCONT);
}

TEST_F(HangingServerBrokerTest, APublisherEndsAndAnswersAll) {
  auto publisher = transport_->publisher({}).value();
  ::kill(pid(), SIGSTOP);
  int answers = 0;
  publisher->send({order(2), order(3)}, [&](std::size_t, Result<void> outcome) {
    ++answers;
    EXPECT_EQ(outcome.error().kind, ErrorKind::unavailable);
  });
  expect_to_end_in_time([&] { publisher.reset(); });
  EXPECT_EQ(answers, 2);
  ::kill(pid(), SIGCONT);
}

TEST_F(HangingServerBrokerTest, ATransportEnds) {
  ASSERT_TRUE(transport_->control().put("k", "v", {}));
  ::kill(pid(), SIGSTOP);
  expect_to_end_in_time([&] { transport_.reset(); });
  ::kill(pid(), SIGCONT);
}

}  // namespace
}  // namespace tidings::rabbitmq
