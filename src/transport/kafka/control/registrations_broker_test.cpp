#include "transport/kafka/broker_here.hpp"
#include "transport/kafka/client/kafka_limits.hpp"
#include "transport/kafka/control/kafka_registrations.hpp"

namespace tidings::kafka {
namespace {

using transport::Retention;
using transport::Sharing;
using transport::SubscriptionSpec;

class RegistrationsBrokerTest : public BrokerHere {
 protected:
  void SetUp() override {
    BrokerHere::SetUp();
    if (IsSkipped()) return;
    log_ = std::make_shared<ControlLog>(shared_cluster());
    catalog_ = std::make_unique<Catalog>(shared_cluster(), log_);
    registrations_ = make_registrations(shared_cluster(), log_);
  }
  void declare(const transport::Declaration& declaration) {
    const auto declared = catalog_->declare(declaration);
    ASSERT_TRUE(declared) << declared.error().message;
  }
  Result<void> join(const SubscriptionSpec& spec, const std::string& instance = "one") {
    return registrations_->join(spec, {.instance = instance, .host = "h", .pid = 7, .joined = executor().now()});
  }

  std::shared_ptr<ControlLog> log_;
  std::unique_ptr<Catalog> catalog_;
  std::shared_ptr<Registrations> registrations_;
};

TEST_F(RegistrationsBrokerTest, ATopicIsDeclaredOnce) {
  declare({.topics = {{.name = "orders", .partitions = 2}}, .published = {}});
  declare({.topics = {{.name = "orders", .partitions = 2}}, .published = {}});
  for (const transport::TopicSpec& other :
       {transport::TopicSpec{.name = "orders", .command = true}, {.name = "orders", .partitions = 3}}) {
    const auto refused = catalog_->declare({.topics = {other}, .published = {}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
    EXPECT_THAT(refused.error().message, ::testing::HasSubstr("orders"));
  }
}

TEST_F(RegistrationsBrokerTest, RetentionIsDeclaredOnceAndChangedByOperators) {
  declare({.topics = {{.name = "orders"}}, .published = {}});
  const Retention wanted{.age = 2 * std::chrono::hours{1}, .bytes = 5'000'001};
  declare({.topics = {{.name = "orders", .retention = wanted}}, .published = {}});
  const auto shown = [&] { return catalog_->retention_of("orders", catalog_->facts().of("orders").value()).value(); };
  EXPECT_EQ(shown().age, wanted.age);
  EXPECT_EQ(shown().bytes, wanted.bytes);
  const auto other =
      catalog_->declare({.topics = {{.name = "orders", .retention = {.age = std::chrono::hours{1}}}}, .published = {}});
  EXPECT_EQ(other.error().kind, ErrorKind::conflict);
  ASSERT_TRUE(catalog_->set_retention("orders", {.age = Retention::kAgeEndless}));
  EXPECT_EQ(shown().age, Retention::kAgeEndless);
  EXPECT_EQ(shown().bytes, wanted.bytes);
  EXPECT_EQ(catalog_->set_retention("nowhere", {.bytes = 1}).error().kind, ErrorKind::invalid);
}

TEST_F(RegistrationsBrokerTest, NamesTheCommandThatCreatesAMissingTopic) {
  Catalog strict{open(CreateTopics::no), log_};
  const auto refused = strict.declare({.topics = {{.name = "orders"}}, .published = {}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
  EXPECT_THAT(refused.error().message, ::testing::HasSubstr("`tidings topics create orders`"));
  EXPECT_THAT(refused.error().message, ::testing::HasSubstr("create_topics=yes"));
}

TEST_F(RegistrationsBrokerTest, CreatesATopicByHandAndLeavesAnotherAlone) {
  Catalog strict{open(CreateTopics::no), log_};
  const transport::TopicSpec spec{
      .name = "orders", .partitions = 3, .retention = {.age = std::chrono::hours{1}, .bytes = {}, .unsettled = {}}};
  for (int i = 0; i < 2; ++i) {
    const auto made = strict.create_topic(spec, 1);
    ASSERT_TRUE(made) << made.error().message;
  }
  EXPECT_EQ(cluster().partitions(cluster().names().on_cluster("orders")).value(), 3);
  transport::TopicSpec other = spec;
  other.partitions = 4;
  EXPECT_EQ(strict.create_topic(other, 1).error().kind, ErrorKind::conflict);
  EXPECT_EQ(strict.create_topic(spec, 2).error().kind, ErrorKind::conflict);
  EXPECT_EQ(strict.create_topic(spec, 0).error().kind, ErrorKind::invalid);
  other = spec;
  other.retention.age = std::chrono::hours{2};
  const auto kept_longer = strict.create_topic(other, 1);
  EXPECT_EQ(kept_longer.error().kind, ErrorKind::conflict);
  EXPECT_THAT(kept_longer.error().message, ::testing::HasSubstr("tidings topics set orders"));
}

TEST_F(RegistrationsBrokerTest, ACommandGoesToOneGroup) {
  declare({.topics = {{.name = "emails", .command = true}}, .published = {}});
  ASSERT_TRUE(join({.group = "notification", .topic = "emails", .command = true}));
  ASSERT_TRUE(join({.group = "notification", .topic = "emails", .command = true}, "two"));
  const auto second = join({.group = "spam", .topic = "emails", .command = true});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::conflict);
  EXPECT_THAT(second.error().message, ::testing::HasSubstr("notification"));
}

TEST_F(RegistrationsBrokerTest, AGroupReadsATopicOnceAtATime) {
  declare({.topics = {{.name = "orders"}}, .published = {{"OrderCreated", "orders"}}});
  const SubscriptionSpec topic{.group = "g", .topic = "orders"};
  ASSERT_TRUE(join(topic));
  const auto twice = join({.group = "g", .pattern = "order.#"});
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().kind, ErrorKind::invalid);
  EXPECT_THAT(twice.error().message, ::testing::HasSubstr("orders"));
  EXPECT_TRUE(join({.group = "other", .pattern = "order.#"}));
  EXPECT_EQ(registrations_->remove("g").error().kind, ErrorKind::conflict);
  ASSERT_TRUE(registrations_->leave(topic, {.instance = "one", .host = "h", .pid = 7}));
  EXPECT_TRUE(join({.group = "g", .pattern = "order.#"}));
}

TEST_F(RegistrationsBrokerTest, RefusesWhatIsNoSubscription) {
  declare({.topics = {{.name = "orders"}}, .published = {}});
  EXPECT_EQ(join({.group = "", .topic = "orders"}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(join({.group = "g"}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(join({.group = "g", .topic = "orders", .pattern = "#"}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(join({.group = "g", .topic = "nowhere"}).error().kind, ErrorKind::invalid);
}

// Its retries lie in a topic whose name is made of both.
TEST_F(RegistrationsBrokerTest, NamesThatAreTooLongTogetherAreRefused) {
  declare({.topics = {{.name = "orders"}}, .published = {}});
  const std::size_t more = kTopicNameMax - cluster().names().retry("", "orders").size();
  const std::string longest(more, 'g');
  EXPECT_TRUE(join({.group = longest, .topic = "orders"}));
  const auto refused = join({.group = longest + 'g', .topic = "orders"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
  EXPECT_THAT(refused.error().message, ::testing::HasSubstr("shorten one by 1"));
}

TEST_F(RegistrationsBrokerTest, APatternReadsEventsOfMatchingTypesOnly) {
  declare({.topics = {{.name = "orders"}, {.name = "foreign"}, {.name = "emails", .command = true}},
           .published = {{"OrderCreated", "orders"}, {"SendEmail", "emails"}}});
  using Set = std::set<std::string>;
  EXPECT_EQ(registrations_->topics_read({.group = "g", .pattern = "order.*"}).value(), Set{"orders"});
  EXPECT_EQ(registrations_->topics_read({.group = "g", .pattern = "#"}).value(), (Set{"foreign", "orders"}));
}

TEST_F(RegistrationsBrokerTest, RemovesAGroupThatIsGone) {
  declare({.topics = {{.name = "emails", .command = true}}, .published = {}});
  const SubscriptionSpec spec{.group = "g", .topic = "emails", .command = true};
  ASSERT_TRUE(join(spec));
  ASSERT_TRUE(registrations_->leave(spec, {.instance = "one", .host = "h", .pid = 7}));
  ASSERT_TRUE(registrations_->remove("g"));
  EXPECT_TRUE(registrations_->removed("g").value());
  EXPECT_TRUE(registrations_->groups().value().empty());
  EXPECT_EQ(registrations_->remove("g").error().kind, ErrorKind::invalid);
  EXPECT_TRUE(join({.group = "h", .topic = "emails", .command = true}));
}

}  // namespace
}  // namespace tidings::kafka
