// P4: a key's events go to one queue, also after the server was started anew.
#include <csignal>
#include <map>

#include "tests/support/eventually.hpp"
#include "transport/rabbitmq/amqp_outage_here.hpp"
#include "transport/rabbitmq/format/message.hpp"
#include "transport/rabbitmq/topology/subscription_queue.hpp"

namespace tidings::rabbitmq {
namespace {

constexpr int kKeys = 40;
constexpr std::int32_t kQueues = 12;

class SpreadOutageBrokerTest : public AmqpOutageHere {
 protected:
  void declare() {
    const auto done =
        open()->ask([&](Link& link, Channel channel) { return declare_queues(link, channel, queues_, {}); });
    ASSERT_TRUE(done) << done.error().message;
  }
  // The number of each key's queue.
  std::map<int, std::size_t> places() {
    std::map<int, std::size_t> places;
    for (int key = 0; key < kKeys; ++key) places[key] = place_of("key-" + std::to_string(key));
    return places;
  }

 private:
  std::size_t place_of(const std::string& key) {
    std::size_t place = kQueues;
    const auto done = open_->ask([&](Link& link, Channel channel) -> Result<void> {
      const transport::Record record{.key = key, .body = "x"};
      const Properties properties{record, {}, executor().now()};
      if (auto sent = link.publish(channel, queues_.name, "any", properties.get(), "x"); !sent) return sent;
      return tidings::testing::eventually([&] {
        for (std::size_t i = 0; i < queues_.read.size(); ++i) {
          const auto counts = link.look_at_queue(channel, queues_.read[i]);
          if (!counts || counts->ready == 0) continue;
          place = i;
          return static_cast<bool>(link.purge(channel, queues_.read[i]));
        }
        return false;
      })
                 ? Result<void>{}
                 : Result<void>{unavailable("it came nowhere")};
    });
    EXPECT_TRUE(done) << done.error().message;
    return place;
  }

  const SubscriptionQueues queues_ = queues_of("shop.orders_queue", kQueues, QueueKind::classic);
  std::shared_ptr<Broker> open_;

  void SetUp() override {
    AmqpOutageHere::SetUp();
    open_ = open();
  }
};

TEST_F(SpreadOutageBrokerTest, AKeyHasTheSameQueueAfterAnotherStart) {
  declare();
  const auto before = places();
  end_and_start(SIGTERM);
  declare();
  EXPECT_EQ(places(), before);
}

}  // namespace
}  // namespace tidings::rabbitmq
