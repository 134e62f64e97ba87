#include <cstring>

#include "transport/kafka/admin/group_admin.hpp"
#include "transport/kafka/broker_here.hpp"
#include "transport/kafka/consume/kept_copy.hpp"
#include "transport/kafka/format/commit_record.hpp"
#include "transport/kafka/operate/kafka_topology.hpp"

namespace tidings::kafka {
namespace {

class KafkaTopologyBrokerTest : public BrokerHere {
 protected:
  void SetUp() override {
    BrokerHere::SetUp();
    if (IsSkipped()) return;
    const auto log = std::make_shared<ControlLog>(shared_cluster());
    registrations_ = make_registrations(shared_cluster(), log);
    catalog_ = std::make_shared<Catalog>(shared_cluster(), log);
    dead_ = std::make_shared<KafkaDeadLetters>(shared_cluster(), registrations_);
    topology_ = std::make_unique<KafkaTopology>(shared_cluster(), catalog_, registrations_, dead_,
                                                std::make_shared<ExpiredCounts>(log));
  }
  void publish(const std::string& topic, int count) {
    std::vector<transport::Record> records;
    for (int i = 0; i < count; ++i) records.push_back({.topic = topic, .key = std::to_string(i), .body = "body"});
    send(cluster().names().on_cluster(topic), records);
  }
  void join(const transport::SubscriptionSpec& spec, const std::string& instance = "one") {
    const auto joined =
        registrations_->join(spec, {.instance = instance, .host = "h", .pid = 7, .joined = executor().now()});
    ASSERT_TRUE(joined) << joined.error().message;
  }
  // As the owner of that partition does.
  void commit(const std::string& group, const std::string& topic, const CommitRecord& record) {
    const auto client = cluster().client(RD_KAFKA_CONSUMER, {{"group.id", cluster().names().on_cluster(group)}});
    ASSERT_TRUE(client) << client.error().message;
    const auto list = partition_list();
    auto* added = rd_kafka_topic_partition_list_add(list.get(), cluster().names().on_cluster(topic).c_str(), 0);
    added->offset = record.watermark;
    const std::string metadata = metadata_of(record);
    added->metadata = ::strdup(metadata.c_str());
    added->metadata_size = metadata.size();
    ASSERT_EQ(rd_kafka_commit(client->get(), list.get(), 0), RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  transport::LagState lag(const std::string& group, const std::string& topic) {
    const auto states = topology_->lag();
    EXPECT_TRUE(states) << states.error().message;
    for (const auto& state : states.value_or(std::vector<transport::LagState>{})) {
      if (state.group == group && state.topic == topic) return state;
    }
    return {};
  }

  std::shared_ptr<Registrations> registrations_;
  std::shared_ptr<Catalog> catalog_;
  std::shared_ptr<KafkaDeadLetters> dead_;
  std::unique_ptr<KafkaTopology> topology_;
};

TEST_F(KafkaTopologyBrokerTest, ShowsTopics) {
  ASSERT_TRUE(catalog_->declare(
      {.topics = {{.name = "orders", .partitions = 3}, {.name = "emails", .command = true}}, .published = {}}));
  const Time before = executor().now();
  publish("orders", 20);
  const auto topics = topology_->topics();
  ASSERT_TRUE(topics) << topics.error().message;
  ASSERT_EQ(topics->size(), 2u);
  EXPECT_EQ((*topics)[0].name, "emails");
  EXPECT_TRUE((*topics)[0].command);
  EXPECT_EQ((*topics)[0].records, 0u);
  const auto& orders = (*topics)[1];
  EXPECT_FALSE(orders.command);
  EXPECT_EQ(orders.partitions, 3);
  EXPECT_EQ(orders.records, 20u);
  EXPECT_GT(orders.bytes, 20u * 4);
  EXPECT_GE(*orders.oldest, std::chrono::floor<std::chrono::milliseconds>(before));
}

TEST_F(KafkaTopologyBrokerTest, ShowsGroupsAndTheirMembers) {
  ASSERT_TRUE(catalog_->declare({.topics = {{.name = "orders"}}, .published = {{"OrderCreated", "orders"}}}));
  join({.group = "audit", .pattern = "#"});
  join({.group = "g", .topic = "orders"}, "one");
  join({.group = "g", .topic = "orders"}, "two");
  const auto groups = topology_->groups();
  ASSERT_TRUE(groups) << groups.error().message;
  ASSERT_EQ(groups->size(), 2u);
  EXPECT_EQ((*groups)[0].pattern, "#");
  EXPECT_EQ((*groups)[0].topics, std::vector<std::string>{"orders"});
  EXPECT_EQ((*groups)[1].topic, "orders");
  ASSERT_EQ((*groups)[1].members.size(), 2u);
  EXPECT_EQ((*groups)[1].members[0].instance, "one");
  EXPECT_EQ((*groups)[1].members[0].pid, 7);
}

TEST_F(KafkaTopologyBrokerTest, CountsLag) {
  ASSERT_TRUE(catalog_->declare({.topics = {{.name = "orders", .partitions = 1}}, .published = {}}));
  join({.group = "g", .topic = "orders"});
  const Time before = executor().now();
  publish("orders", 10);
  EXPECT_EQ(lag("g", "orders").unsettled, 10u);
  EXPECT_GE(*lag("g", "orders").oldest, std::chrono::floor<std::chrono::milliseconds>(before));
  const transport::Attempts waiting{.failed = 1, .due = executor().now() + std::chrono::hours{1}};
  commit("g", "orders", {.watermark = 4, .settled = {{5, 6}}, .attempts = {{4, waiting}}});
  EXPECT_EQ(lag("g", "orders").unsettled, 4u);
  EXPECT_EQ(lag("g", "orders").waiting, 1u);
  ASSERT_EQ(topology_->groups().value().size(), 1u);
  const auto retries = prepare_retries(cluster(), "g", "orders");
  ASSERT_TRUE(retries) << retries.error().message;
  Copy copy{.group = "g", .subscription = "orders", .topic = "orders", .position = {0, 5}, .attempts = waiting};
  send(*retries, {{.topic = "orders", .body = "b"}}, copy);
  const auto state = lag("g", "orders");
  EXPECT_EQ(state.unsettled, 5u);
  EXPECT_EQ(state.waiting, 2u);
  EXPECT_EQ(state.dead, 0u);
}

TEST_F(KafkaTopologyBrokerTest, RemovesAGroupThatIsGone) {
  ASSERT_TRUE(catalog_->declare({.topics = {{.name = "orders", .partitions = 1}}, .published = {}}));
  join({.group = "g", .topic = "orders"});
  publish("orders", 3);
  commit("g", "orders", {.watermark = 2});
  ASSERT_TRUE(prepare_retries(cluster(), "g", "orders"));
  EXPECT_EQ(topology_->remove_group("g").error().kind, ErrorKind::conflict);
  ASSERT_TRUE(registrations_->leave({.group = "g", .topic = "orders"}, {.instance = "one", .host = "h", .pid = 7}));
  const auto removed = topology_->remove_group("g");
  ASSERT_TRUE(removed) << removed.error().message;
  EXPECT_TRUE(topology_->groups().value().empty());
  EXPECT_TRUE(topology_->lag().value().empty());
  EXPECT_TRUE(commits_of(cluster(), cluster().names().on_cluster("g")).value().empty());
  EXPECT_FALSE(cluster().partitions(cluster().names().retry("g", "orders")).value());
  EXPECT_EQ(topology_->remove_group("g").error().kind, ErrorKind::invalid);
  join({.group = "g", .topic = "orders"});
  EXPECT_EQ(lag("g", "orders").unsettled, 3u);
  EXPECT_TRUE(prepare_retries(cluster(), "g", "orders")) << "a new group begins anew";
}

}  // namespace
}  // namespace tidings::kafka
