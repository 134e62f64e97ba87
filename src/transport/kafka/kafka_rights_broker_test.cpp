// What a user is told that lacks a right, and that the rights of docs/guides/kafka-security.md are enough, against a
// real broker (C16).
#include "transport/kafka/secure_broker.hpp"

namespace tidings::kafka {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using transport::SubscriptionSpec;

class KafkaRightsBrokerTest : public SecureBroker {
 protected:
  std::unique_ptr<transport::Transport> guest(const std::string& options = {}) const {
    auto opened = open(url_of("SASL", tls() + "&create_topics=yes&" + user("guest") + options));
    EXPECT_TRUE(opened) << opened.error().message;
    return *std::move(opened);
  }
  void declare_orders() const {
    const auto declared = admin()->declare({.topics = {{.name = "orders"}}, .published = {}});
    ASSERT_TRUE(declared) << declared.error().message;
  }
  static SubscriptionSpec readers() { return {.group = "readers", .instance = "one", .topic = "orders"}; }
  Error refused_join(transport::Transport& transport) const {
    const auto consumer = transport.consumer(readers());
    EXPECT_FALSE(consumer);
    return consumer ? Error{} : consumer.error();
  }
};

TEST_F(KafkaRightsBrokerTest, APublisherWithoutAnyRightIsToldSoAtOnce) {
  declare_orders();
  const auto stranger =
      open(url_of("SASL", tls() + "&sasl=oauthbearer&token_command=" + secret("token") + "%20stranger"));
  ASSERT_TRUE(stranger) << stranger.error().message;
  const auto refused = publish(**stranger);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
  EXPECT_THAT(refused.error().message,
              AllOf(HasSubstr("could not publish to '" + prefix() + "orders'"),
                    HasSubstr("CLUSTER_AUTHORIZATION_FAILED"), HasSubstr("--operation Write --topic TOPIC")));
}

TEST_F(KafkaRightsBrokerTest, APublisherThatMayWriteElsewhereIsToldOfTheTopic) {
  declare_orders();
  give("Write", "topic", "other");
  const auto refused = publish(*guest());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr("could not publish to '" + prefix() + "orders'"),
                                             HasSubstr("TOPIC_AUTHORIZATION_FAILED"), HasSubstr("Write to publish")));
}

TEST_F(KafkaRightsBrokerTest, ATopicThatMayNotBeMadeIsNamed) {
  const auto declared = guest()->declare({.topics = {{.name = "orders"}}, .published = {}});
  ASSERT_FALSE(declared);
  EXPECT_EQ(declared.error().kind, ErrorKind::invalid);
  EXPECT_THAT(declared.error().message, AllOf(HasSubstr("'" + prefix() + "orders'"), HasSubstr("Create to create it")));
}

TEST_F(KafkaRightsBrokerTest, AConsumerThatJoinsWithoutAnyRightIsToldOfTheTopic) {
  declare_orders();
  const Error refused = refused_join(*guest());
  EXPECT_EQ(refused.kind, ErrorKind::invalid);
  EXPECT_THAT(refused.message, AllOf(HasSubstr("topic '" + prefix()), HasSubstr("Read to receive")));
}

TEST_F(KafkaRightsBrokerTest, AConsumerThatJoinsWithoutARightToItsGroupIsToldOfTheGroup) {
  declare_orders();
  give("Read Write Create DescribeConfigs");
  const Error refused = refused_join(*guest());
  EXPECT_EQ(refused.kind, ErrorKind::invalid);
  EXPECT_THAT(refused.message, AllOf(HasSubstr(prefix() + "readers"), HasSubstr("GROUP_AUTHORIZATION_FAILED"),
                                     HasSubstr("--operation Read --group GROUP")));
}

TEST_F(KafkaRightsBrokerTest, AConsumerThatJoinsWithoutReadOnATopicIsToldOfTheTopic) {
  declare_orders();
  give("Read Write Create DescribeConfigs", "topic", "tidings.");
  give("Describe Write", "topic", "orders");
  give("Read", "group");
  for (int start = 0; start < 2; ++start) {  // the first one says where the group begins
    const Error refused = refused_join(*guest());
    EXPECT_EQ(refused.kind, ErrorKind::invalid);
    EXPECT_THAT(refused.message, AllOf(HasSubstr("'" + prefix() + "orders'"), HasSubstr("Read to receive")));
    // Then an operator, say, did.
    const auto consumer = admin()->consumer(readers());
    ASSERT_TRUE(consumer) << consumer.error().message;
  }
}

TEST_F(KafkaRightsBrokerTest, TheRightsOfTheGuideAreEnough) {
  give("Read Write Create DescribeConfigs AlterConfigs");
  give("Read", "group");
  give("Write", "transactional-id");
  const auto transport = guest("&transactional=yes");
  pass_an_event(*transport);
  ASSERT_TRUE(publish(*transport));
  const auto consumer = transport->consumer(readers());
  ASSERT_TRUE(consumer) << consumer.error().message;
  auto delivery = receive(**consumer);
  ASSERT_TRUE(delivery) << delivery.error().message;
  transport::Retry retry{.order = transport::RetryOrder::relaxed, .attempts = {.failed = 1, .due = executor().now()}};
  const auto retried = settle(**consumer, *delivery, retry);
  ASSERT_TRUE(retried) << retried.error().message;
  delivery = receive(**consumer);
  ASSERT_TRUE(delivery) << delivery.error().message;
  const auto buried = settle(**consumer, *delivery, transport::Bury{.reason = "failed", .error = "x", .attempts = {}});
  ASSERT_TRUE(buried) << buried.error().message;
  auto* dead_letters = transport->operations().dead_letters;
  const auto dead = dead_letters->browse({}, {}, 10);
  ASSERT_TRUE(dead) << dead.error().message;
  ASSERT_EQ(dead->size(), 1u);
  const auto replayed = dead_letters->replay(dead->front().id);
  ASSERT_TRUE(replayed) << replayed.error().message;
  EXPECT_TRUE(receive(**consumer));
}

}  // namespace
}  // namespace tidings::kafka
