#include <atomic>
#include <mutex>

#include "transport/kafka/broker_here.hpp"
#include "transport/kafka/kafka_consumer.hpp"
#include "transport/kafka/kafka_limits.hpp"
#include "transport/kafka/own_topics.hpp"
#include "transport/kafka/topic_admin.hpp"

namespace tidings::kafka {
namespace {

// A consumer of `orders`; whether it has retries a test says.
class KafkaConsumerBrokerTest : public BrokerHere {
 protected:
  void SetUp() override {
    BrokerHere::SetUp();
    if (IsSkipped()) return;
    topic_ = cluster().names().on_cluster("orders");
    const NewTopic topic{.name = topic_};
    ASSERT_TRUE(create_topics(cluster(), {&topic, 1}));
    send(topic_, {{.topic = "orders", .key = "k", .id = "0", .body = "b"}});
  }
  std::unique_ptr<transport::Consumer> join(std::function<bool()> has_retries) {
    MemberSpec member{.who = {.group_id = cluster().names().on_cluster("g"), .instance = "one", .static_id = {}},
                      .subscriber = {.group = "g", .subscription = "orders", .host = "here"},
                      .topics = [topic = topic_] { return std::set<std::string>{topic}; },
                      .peers = [] { return std::vector<std::string>{}; },
                      .ensure_topic = [this](const std::string& name) { return ensure_own_topic(cluster(), name); },
                      .life = 1};
    const auto producer = Producer::open(shared_cluster(), {}).value();
    return KafkaConsumer::join(shared_cluster(), producer, {.group = "g", .topic = "orders"}, std::move(member),
                               {.has_retries = std::move(has_retries), .left = {}})
        .value();
  }
  std::vector<transport::Delivery> receive(transport::Consumer& from, Time deadline) {
    while (executor().now() < deadline) {
      auto batch = from.receive(1, deadline);
      EXPECT_TRUE(batch) << batch.error().message;
      if (batch && !batch->deliveries.empty()) return std::move(batch->deliveries);
    }
    return {};
  }

  std::string topic_;
};

// As in an outage.
TEST_F(KafkaConsumerBrokerTest, ReceivesWhileTheClusterDoesNotSayWhetherThereAreRetries) {
  const auto changed = executor().condition();
  std::mutex mutex;
  bool is_over = false;
  std::atomic<bool> answered = false;
  const auto consumer = join([&] {
    std::unique_lock lock{mutex};
    changed->wait_until(lock, soon(), executor(), [&] { return is_over; });
    answered = true;
    return false;
  });
  EXPECT_EQ(receive(*consumer, executor().now() + 2 * kReachWithin).size(), 1u);
  EXPECT_FALSE(answered) << "it was waited for";
  const std::lock_guard lock{mutex};
  is_over = true;
  changed->notify_all();
}

TEST_F(KafkaConsumerBrokerTest, JoinsItsRetriesOnceThereAreSome) {
  const auto consumer =
      join([&] { return cluster().has_topic(cluster().names().retry("g", "orders")).value_or(false); });
  const auto first = receive(*consumer, soon());
  ASSERT_EQ(first.size(), 1u);
  const transport::Retry retry{.order = transport::RetryOrder::relaxed,
                               .attempts = {.failed = 1, .due = executor().now()}};
  ASSERT_TRUE(settle_now(*consumer, executor(), {{.token = first[0].token, .outcome = retry}})[0]);
  const auto again = receive(*consumer, soon());
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].record.id, "0");
  EXPECT_EQ(again[0].attempts.failed, 1);
}

}  // namespace
}  // namespace tidings::kafka
