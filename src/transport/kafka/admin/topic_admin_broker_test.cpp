#include "transport/kafka/admin/topic_admin.hpp"
#include "transport/kafka/admin/topic_reader.hpp"
#include "transport/kafka/broker_here.hpp"

namespace tidings::kafka {
namespace {

constexpr int kChanges = 20;  // one alone shows at once, as a rule
constexpr Duration kShortly = std::chrono::milliseconds{200};

class TopicAdminBrokerTest : public BrokerHere {};

TEST_F(TopicAdminBrokerTest, MakesTopicsThatCanBeUsedAtOnce) {
  const std::string name = cluster().names().on_cluster("orders");
  const NewTopic topic{.name = name, .partitions = 3, .config = {{"retention.ms", "-1"}}};
  ASSERT_TRUE(create_topics(cluster(), {&topic, 1}));
  EXPECT_TRUE(create_topics(cluster(), {&topic, 1})) << "what is there stays";
  EXPECT_EQ(cluster().partitions(name).value(), 3);
  send(name, {{.topic = name, .key = "k", .body = "b"}});
  EXPECT_EQ(config_of(cluster(), name).value().at("retention.ms"), "-1");
}

TEST_F(TopicAdminBrokerTest, ChangesOneSettingAndKeepsTheOthers) {
  const std::string name = cluster().names().on_cluster("orders");
  const NewTopic topic{.name = name, .config = {{"retention.ms", "5000"}, {"segment.ms", "7000"}}};
  ASSERT_TRUE(create_topics(cluster(), {&topic, 1}));
  ASSERT_TRUE(set_config(cluster(), name, {{"retention.ms", "6000"}}));
  const auto config = config_of(cluster(), name).value();
  EXPECT_EQ(config.at("retention.ms"), "6000");
  EXPECT_EQ(config.at("segment.ms"), "7000");
}

TEST_F(TopicAdminBrokerTest, AChangeShowsAndTheNextOneDoesNotUndoIt) {
  const std::string name = cluster().names().on_cluster("orders");
  const NewTopic topic{.name = name};
  ASSERT_TRUE(create_topics(cluster(), {&topic, 1}));
  const auto others = open();
  for (int i = 1; i <= kChanges; ++i) {
    const std::string value = std::to_string(1'000 * i);
    ASSERT_TRUE(set_config(cluster(), name, {{"retention.ms", value}}));
    ASSERT_TRUE(set_config(*others, name, {{"segment.ms", value}}));
    const auto config = config_of(cluster(), name).value();
    EXPECT_EQ(config.at("retention.ms"), value);
    EXPECT_EQ(config.at("segment.ms"), value);
  }
}

TEST_F(TopicAdminBrokerTest, AChangeThatDoesNotShowIsToldInTime) {
  const std::string name = cluster().names().on_cluster("orders");
  const NewTopic topic{.name = name};
  ASSERT_TRUE(create_topics(cluster(), {&topic, 1}));
  const auto set = set_config(cluster(), name, {{"retention.ms", "+6000"}}, kShortly);  // Kafka shows no sign
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(set.error().message, ::testing::HasSubstr("orders"));
  EXPECT_EQ(config_of(cluster(), name).value().at("retention.ms"), "6000");
}

TEST_F(TopicAdminBrokerTest, SaysWhichTopicIsNotThere) {
  const auto config = config_of(cluster(), "nowhere");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().kind, ErrorKind::invalid);
  EXPECT_THAT(config.error().message, ::testing::HasSubstr("nowhere"));
}

TEST_F(TopicAdminBrokerTest, NoticesThatATopicIsGone) {
  const std::string name = cluster().names().on_cluster("orders");
  const NewTopic topic{.name = name, .partitions = 3};
  ASSERT_TRUE(create_topics(cluster(), {&topic, 1}));
  ASSERT_TRUE(cluster().has_topic(name).value());
  EXPECT_EQ(cluster().copies(name).value(), 1);
  ASSERT_TRUE(delete_topics(*open(), {&name, 1}));  // by somebody else
  const Time deadline = soon();
  while (cluster().partitions(name).value() && executor().now() < deadline) {
    executor().sleep_until(executor().now() + std::chrono::milliseconds{100});
  }
  EXPECT_FALSE(cluster().partitions(name).value());
  EXPECT_FALSE(cluster().has_topic(name).value());
  EXPECT_EQ(cluster().copies(name).value(), 0);
}

TEST_F(TopicAdminBrokerTest, ReadsARangeToItsEnd) {
  const std::string name = cluster().names().on_cluster("orders");
  const NewTopic topic{.name = name, .partitions = 2};
  ASSERT_TRUE(create_topics(cluster(), {&topic, 1}));
  std::vector<transport::Record> records;
  for (int i = 0; i < 20; ++i) records.push_back({.topic = name, .key = std::to_string(i), .body = "b"});
  send(name, records);
  const auto spans = whole(cluster(), {&name, 1}).value();
  int visited = 0;
  const auto read = read_range(cluster(), spans, [&](const auto&) { return ++visited > 0; });
  EXPECT_TRUE(read) << read.error().message;
  EXPECT_EQ(visited, 20);
}

// Who asked for it before remembers for a while that it is not there.
TEST_F(TopicAdminBrokerTest, OffsetsOfATopicAreThereAtOnceThoughItWasMissed) {
  const std::string topic = cluster().names().on_cluster("later");
  const auto missed = cluster().partitions(topic);
  ASSERT_TRUE(missed) << missed.error().message;
  EXPECT_FALSE(*missed);
  const auto maker = open();
  const NewTopic wanted{.name = topic, .partitions = 2};
  ASSERT_TRUE(create_topics(*maker, {&wanted, 1}));
  for (const Bound bound : {Bound::earliest, Bound::latest, Bound::written}) {
    const auto offsets = cluster().offsets({{topic, 0, -1}, {topic, 1, -1}}, bound);
    ASSERT_TRUE(offsets) << offsets.error().message;
    EXPECT_EQ((*offsets)[1].offset, 0);
  }
}

}  // namespace
}  // namespace tidings::kafka
