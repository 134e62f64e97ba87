#include "transport/rabbitmq/format/amqp_names.hpp"

#include <gmock/gmock.h>

namespace tidings::rabbitmq {
namespace {

using ::testing::ElementsAre;

TEST(RabbitmqNamesTest, AreTheArticlesBehindTheGroup) {
  const Names names{"p."};
  EXPECT_EQ(names.events(), "p.events");
  EXPECT_EQ(names.topic("orders"), "p.events.orders");
  EXPECT_EQ(names.queue_of_topic("shop", "orders"), "p.shop.orders_queue");
  EXPECT_EQ(names.queue_of_pattern("shop", "order.created"), "p.shop.order_created_queue");
  EXPECT_EQ(dead_letters_of("q"), "q.dlq");
  EXPECT_EQ(retries_of("q", 1'000), "q.retry.1000ms");
  EXPECT_EQ(in_generation("q", 0), "q");
  EXPECT_EQ(in_generation("q", 2), "q.v2");
}

TEST(RabbitmqNamesTest, AllSpellingsOfATypeLeadToItsTopic) {
  EXPECT_EQ(routing_key("OrderCreated", "orders"), "order.created");
  EXPECT_THAT(routing_keys("ORDER_CREATED", "orders"), ElementsAre("order.created", "ordercreated"));
  EXPECT_THAT(routing_keys("paid", "orders"), ElementsAre("paid"));
  EXPECT_THAT(routing_keys("", "orders"), ElementsAre("orders"));
}

TEST(RabbitmqNamesTest, APatternWithoutWildcardsIsReadUnsplitToo) {
  EXPECT_THAT(pattern_keys("order.created"), ElementsAre("order.created", "ordercreated"));
  EXPECT_THAT(pattern_keys("order.*"), ElementsAre("order.*"));
  EXPECT_THAT(pattern_keys("paid"), ElementsAre("paid"));
  EXPECT_THAT(pattern_keys(""), ElementsAre());
}

}  // namespace
}  // namespace tidings::rabbitmq
