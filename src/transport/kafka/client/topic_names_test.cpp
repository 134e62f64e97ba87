#include "transport/kafka/client/topic_names.hpp"

#include <gmock/gmock.h>

namespace tidings::kafka {
namespace {

TEST(TopicNamesTest, BeginWithThePrefixOfTheDeployment) {
  const TopicNames names{"shop."};
  EXPECT_EQ(names.on_cluster("orders"), "shop.orders");
  EXPECT_EQ(names.dead_letters("orders"), "shop.orders.dlq");
  EXPECT_EQ(names.control(), "shop.tidings.control");
  EXPECT_EQ(names.dead_states(), "shop.tidings.dead");
  EXPECT_EQ(names.retry("payments", "orders"), "shop.payments.orders.tidings-retry");
}

TEST(TopicNamesTest, AreReadBackAndThoseOfOtherDeploymentsAreNotOurs) {
  const TopicNames names{"shop."};
  EXPECT_EQ(names.ours("shop.orders"), "orders");
  EXPECT_EQ(names.ours("stock.orders"), std::nullopt);
  EXPECT_EQ(names.topic_of_dead_letters("shop.orders.dlq"), "orders");
  EXPECT_EQ(names.topic_of_dead_letters("stock.orders.dlq"), std::nullopt);
  EXPECT_EQ(names.topic_of_dead_letters("shop.orders"), std::nullopt);
  EXPECT_EQ(TopicNames{""}.ours("orders"), "orders");
}

TEST(TopicNamesTest, OfAPatternAreNamesThatKafkaTakes) {
  const TopicNames names{""};
  EXPECT_EQ(names.retry("audit", "order.*"), "audit.order._any_.tidings-retry");
  EXPECT_EQ(names.retry("audit", "#"), "audit._all_.tidings-retry");
  EXPECT_EQ(names.retry("audit", "*.paid.#"), "audit._any_.paid._all_.tidings-retry");
}

TEST(TopicNamesTest, ThatWeOrKafkaKeepForItselfAreInternal) {
  const TopicNames names{""};
  for (const std::string& name : {names.control(), names.dead_states(), names.dead_letters("orders"),
                                  names.retry("audit", "#"), std::string{"__consumer_offsets"}}) {
    EXPECT_TRUE(is_internal(name)) << name;
  }
  for (const char* name : {"orders", "tidings", "order.tidings", "dlq", "orders.dlq.old"}) {
    EXPECT_FALSE(is_internal(name)) << name;
  }
}

}  // namespace
}  // namespace tidings::kafka
