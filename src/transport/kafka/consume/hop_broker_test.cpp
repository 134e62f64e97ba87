// P2: a retry that waits and is refused its next step is not lost.
#include "tidings/transport/url.hpp"
#include "transport/kafka/admin/topic_admin.hpp"
#include "transport/kafka/broker_here.hpp"
#include "transport/kafka/client/kafka_limits.hpp"
#include "transport/kafka/kafka_transport.hpp"

namespace tidings::kafka {
namespace {

using transport::Delivery;

// A group `g` of `orders`, of which one event failed and waits: first a step of five seconds, then the rest of its
// time.
class HopBrokerTest : public BrokerHere {
 protected:
  void SetUp() override {
    BrokerHere::SetUp();
    if (IsSkipped()) return;
    const NewTopic topic{.name = cluster().names().on_cluster("orders")};
    ASSERT_TRUE(create_topics(cluster(), {&topic, 1}));
    const auto url = "kafka://" + cluster().options().brokers +
                     "?commit_every=5ms&session_timeout=4s&prefix=" + cluster().options().prefix;
    transport_ = open_kafka(transport::parse_url(url).value(), thread_executor()).value();
    consumer_ = transport_->consumer({.group = "g", .instance = "one", .topic = "orders"}).value();
  }
  void fail_once(Duration delay) {
    send(cluster().names().on_cluster("orders"),
         {{.topic = "orders", .key = "k", .id = "0", .body = std::string(500, 'b')}});
    const auto delivery = next();
    ASSERT_TRUE(delivery);
    const transport::Attempts attempts{
        .failed = 1, .due = executor().now() + delay, .last_error = "the bank is closed"};
    const transport::Retry retry{.order = transport::RetryOrder::relaxed, .attempts = attempts};
    const auto settled = settle_now(*consumer_, executor(), {{.token = delivery->token, .outcome = retry}});
    ASSERT_TRUE(settled[0]) << settled[0].error().message;
  }
  // Of whatever comes; what is wrong is noted.
  std::optional<Delivery> next(std::optional<Time> until = std::nullopt) {
    const Time deadline = until.value_or(soon());
    while (executor().now() < deadline) {
      auto batch = consumer_->receive(1, deadline);
      if (!batch) {
        troubles_.push_back(batch.error().message);
        executor().sleep_until(executor().now() + kTick);
      } else if (!batch->deliveries.empty()) {
        return std::move(batch->deliveries[0]);
      }
    }
    return std::nullopt;
  }
  // Takes no messages any more, or again those that we write.
  void allow(const std::string& topic, std::size_t bytes) {
    const auto set =
        set_config(cluster(), cluster().names().on_cluster(topic), {{"max.message.bytes", std::to_string(bytes)}});
    ASSERT_TRUE(set) << set.error().message;
  }
  std::vector<transport::DeadLetter> dead_letters() {
    return transport_->operations().dead_letters->browse({.group = "g"}, "", 10).value();
  }
  bool within(Duration time, const std::function<bool()>& done) {
    const Time until = executor().now() + time;
    while (!done()) {
      if (executor().now() >= until) return false;
      EXPECT_FALSE(next(executor().now() + kTick)) << "it is not due";
    }
    return true;
  }

  std::unique_ptr<transport::Transport> transport_;
  std::unique_ptr<transport::Consumer> consumer_;
  std::vector<std::string> troubles_;
};

constexpr Duration kDelay = std::chrono::seconds{7};  // a step of five seconds, and two that are left
constexpr const char* kRetries = "g.orders.tidings-retry";

TEST_F(HopBrokerTest, WhatIsRefusedItsNextStepBecomesADeadLetterWithItsHistory) {
  fail_once(kDelay);
  allow(kRetries, 100);
  ASSERT_TRUE(within(std::chrono::seconds{20}, [&] { return !dead_letters().empty(); }));
  const auto letters = dead_letters();
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].reason, "failed");
  EXPECT_EQ(letters[0].attempts, 1);
  EXPECT_EQ(letters[0].record.id, "0");
  EXPECT_EQ(letters[0].record.body, std::string(500, 'b'));
  EXPECT_THAT(letters[0].error, ::testing::HasSubstr("its retry could not wait on"));
  EXPECT_THAT(letters[0].error, ::testing::HasSubstr("max.message.bytes"));
  EXPECT_THAT(letters[0].error, ::testing::HasSubstr("the bank is closed"));
  EXPECT_TRUE(troubles_.empty());
}

TEST_F(HopBrokerTest, WhereThatIsRefusedTooItStaysAndIsToldUntilSomethingTakesIt) {
  fail_once(kDelay);
  const std::string dead = cluster().names().dead_letters("orders");
  const NewTopic letters{.name = dead, .config = {{"retention.ms", "-1"}, {"max.message.bytes", "100"}}};
  ASSERT_TRUE(create_topics(cluster(), {&letters, 1}));
  allow(kRetries, 100);
  ASSERT_TRUE(within(std::chrono::seconds{20}, [&] { return !troubles_.empty(); }));
  EXPECT_THAT(troubles_[0], ::testing::HasSubstr("neither wait on nor become a dead letter"));
  EXPECT_THAT(troubles_[0], ::testing::HasSubstr("max.message.bytes"));
  EXPECT_TRUE(dead_letters().empty());
  EXPECT_EQ(transport_->operations().topology->lag().value().at(0).unsettled, 1u) << "it is there still";

  allow(kRetries, kMessageBytesMax);
  const auto delivery = next(executor().now() + kHopPauseMax + 2 * kDelay);
  ASSERT_TRUE(delivery);
  EXPECT_EQ(delivery->record.id, "0");
  EXPECT_EQ(delivery->attempts.failed, 1);
  EXPECT_TRUE(settle_now(*consumer_, executor(), {{.token = delivery->token, .outcome = transport::Accept{}}})[0]);
  EXPECT_TRUE(dead_letters().empty());
}

}  // namespace
}  // namespace tidings::kafka
