#include "transport/rabbitmq/catalog/rabbitmq_catalog.hpp"

#include <gmock/gmock.h>

namespace tidings::rabbitmq {
namespace {

using ::testing::ElementsAre;
using transport::GroupSubscription;
using transport::Sharing;
using transport::TopicFact;

// While the third change is made, from two queues to three.
const TopicFact kChanging{.partitions = 2, .generation = 2, .next = 3};

QueueGenerations generations(const GroupSubscription& subscription, const TopicFact& fact, Order order = Order::key) {
  AmqpOptions options;
  options.order = order;
  const auto broker = std::make_shared<Broker>(options, thread_executor());
  return RabbitmqCatalog{broker, nullptr, nullptr}.generations("g", subscription, "one", fact);
}

TEST(RabbitmqCatalog, NamesTheGenerationsOfASubscriptionsQueues) {
  const GroupSubscription orders{.topic = "orders", .members = {}};
  const auto changing = generations(orders, kChanging);
  EXPECT_THAT(changing.now.read, ElementsAre("g.orders_queue.v2.0", "g.orders_queue.v2.1"));
  ASSERT_TRUE(changing.next);
  EXPECT_EQ(changing.next->name, "g.orders_queue.v3");
  EXPECT_EQ(changing.next->base, "g.orders_queue") << "dead letters stay";
  EXPECT_EQ(changing.incoming().name, changing.next->name);
  EXPECT_FALSE(changing.last);
  const auto changed = generations(orders, {.partitions = 2, .generation = 1, .last = 1});
  ASSERT_TRUE(changed.last);
  EXPECT_THAT(changed.last->read, ElementsAre("g.orders_queue"));
  EXPECT_EQ(changed.incoming().name, "g.orders_queue.v1");
}

TEST(RabbitmqCatalog, OfOthersThereIsOneQueueWhateverTheTopicSays) {
  const auto is_one = [](const GroupSubscription& subscription, const std::string& name, Order order = Order::key) {
    const auto found = generations(subscription, kChanging, order);
    return found.now.name == name && found.now.read.size() == 1 && !found.next && !found.last;
  };
  EXPECT_TRUE(is_one({.topic = "orders", .sharing = Sharing::broadcast, .members = {}}, "g.orders_queue.one"));
  EXPECT_TRUE(is_one({.topic = "orders", .members = {}, .queue = "theirs"}, "theirs"));
  EXPECT_TRUE(is_one({.topic = "orders", .members = {}}, "g.orders_queue", Order::none));
}

}  // namespace
}  // namespace tidings::rabbitmq
