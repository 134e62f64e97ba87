// What a user is told that lacks a right, and that the rights of docs/guides/rabbitmq-security.md are enough, against a
// real server (D12, D14).
#include "transport/rabbitmq/secure_amqp_here.hpp"

namespace tidings::rabbitmq {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class AmqpRightsBrokerTest : public SecureAmqpHere {
 protected:
  std::unique_ptr<transport::Transport> as(const std::string& user, const std::string& options = "") const {
    auto opened = open(url_of(kGood, user, ca() + options));
    EXPECT_TRUE(opened) << opened.error().message;
    return *std::move(opened);
  }
  // As an administrator does: all that `readers` need, and publishers.
  void make_everything() const {
    const auto admin = as("admin");
    const auto declared = admin->declare(orders());
    ASSERT_TRUE(declared) << declared.error().message;
    const auto created = admin->operations().topology->create_group(readers());
    ASSERT_TRUE(created) << created.error().message;
  }
  // An event, which is tried again, buried, replayed and settled; and what a group has is asked.
  void pass_everything(transport::Transport& by) const {
    const auto consumer = by.consumer(readers());
    ASSERT_TRUE(consumer) << consumer.error().message;
    ASSERT_TRUE(publish(by));
    const auto second = std::chrono::seconds{1};
    receive_and_settle(**consumer, transport::Retry{.order = transport::RetryOrder::relaxed,
                                                    .attempts = {.failed = 1, .due = executor().now() + 2 * second}});
    receive_and_settle(**consumer, transport::Bury{.reason = "failed", .error = "x", .attempts = {}});
    const auto dead = by.operations().dead_letters->browse({}, {}, 10);
    ASSERT_TRUE(dead) << dead.error().message;
    ASSERT_EQ(dead->size(), 1u);
    const auto replayed = by.operations().dead_letters->replay(dead->front().id);
    ASSERT_TRUE(replayed) << replayed.error().message;
    receive_and_settle(**consumer);
    const auto lag = by.operations().topology->lag();
    ASSERT_TRUE(lag) << lag.error().message;
    EXPECT_EQ(lag->at(0).unsettled, 0u);
  }
  // The test's prefix, as rights have it.
  std::string begins() const { return "^" + prefix().substr(0, prefix().size() - 1) + "\\."; }
  std::string write() const { return "^(" + begins().substr(1) + "|amq\\.default$)"; }
};

TEST_F(AmqpRightsBrokerTest, WhoMayNotConfigureIsToldOfTheRightAndOfPassiveMode) {
  const auto declared = as("stranger")->declare(orders());
  ASSERT_FALSE(declared);
  EXPECT_EQ(declared.error().kind, ErrorKind::invalid);
  EXPECT_THAT(
      declared.error().message,
      AllOf(HasSubstr("user 'stranger' lacks the right to configure"), HasSubstr("in virtual host '/'"),
            HasSubstr("`rabbitmqctl set_permissions -p / stranger CONFIGURE WRITE READ`"), HasSubstr("`declare=no`")));
}

TEST_F(AmqpRightsBrokerTest, WhoMayNotReadIsToldOfTheRight) {
  make_everything();
  const auto consumer = as("writer", "&declare=no")->consumer(readers());
  ASSERT_FALSE(consumer);
  EXPECT_EQ(consumer.error().kind, ErrorKind::invalid);
  EXPECT_THAT(consumer.error().message,
              AllOf(HasSubstr("user 'writer' lacks the right to read from queue '" + prefix()),
                    HasSubstr("`rabbitmqctl set_permissions -p / writer")));
}

TEST_F(AmqpRightsBrokerTest, WhoMayNotWriteIsToldOfTheRightAtOnce) {
  make_everything();
  const auto published = publish(*as("reader", "&declare=no"));
  ASSERT_FALSE(published);
  EXPECT_EQ(published.error().kind, ErrorKind::invalid);
  EXPECT_THAT(published.error().message, AllOf(HasSubstr("user 'reader' lacks the right to write to exchange '"),
                                               HasSubstr("`rabbitmqctl set_permissions -p / reader")));
}

TEST_F(AmqpRightsBrokerTest, EventsPassWithoutTheRightToConfigure) {
  make_everything();
  const auto service = as("service", "&declare=no");
  pass_an_event(*service);
  EXPECT_THAT(service->operations().topology->concerns().value(), IsEmpty()) << "retries have their queues";
}

TEST_F(AmqpRightsBrokerTest, TheRightsOfTheGuideAreEnough) {
  ctl({"set_permissions", "-p", "/", "visitor", begins(), write(), begins()});
  const auto visitor = as("visitor");
  ASSERT_TRUE(visitor->declare(orders()));
  pass_everything(*visitor);
}

TEST_F(AmqpRightsBrokerTest, TheRightsOfTheGuideAreEnoughWithoutDeclarations) {
  make_everything();
  const std::string own = begins() + ".*(\\.member\\.|tidings\\.answers\\.)";
  ctl({"set_permissions", "-p", "/", "visitor", own, write(), begins()});
  pass_everything(*as("visitor", "&declare=no"));
}

// As `tidings topics create --type` does, no publisher having been there with more rights.
TEST_F(AmqpRightsBrokerTest, ATypeThatNobodyLedToItsTopicEndsItsPublisherAndIsLedByAnAdministrator) {
  const auto admin = as("admin");
  ASSERT_TRUE(admin->declare({.topics = {{.name = "orders", .partitions = 1}}, .published = {}}));
  const auto service = as("service", "&declare=no");
  const auto declared = service->declare(orders());
  ASSERT_FALSE(declared);
  EXPECT_EQ(declared.error().kind, ErrorKind::invalid);
  EXPECT_THAT(declared.error().message, AllOf(HasSubstr("type 'OrderCreated'"), HasSubstr("`declare=no`"),
                                              HasSubstr("`tidings topics create orders --type OrderCreated`")));
  ASSERT_TRUE(admin->declare({.topics = {}, .published = {{"OrderCreated", "orders"}}}));
  EXPECT_TRUE(service->declare(orders()));
  EXPECT_TRUE(publish(*service));
}

// Whoever makes it says how many queues it has.
TEST_F(AmqpRightsBrokerTest, ATopicThatIsNotThereIsNotNotedByWhoMayNotMakeIt) {
  const auto admin = as("admin");
  ASSERT_TRUE(admin->declare({.topics = {{.name = "payments"}}, .published = {}}));
  const auto declared = as("service", "&declare=no")->declare(orders());
  ASSERT_FALSE(declared);
  EXPECT_THAT(declared.error().message, HasSubstr("`tidings topics create orders`"));
  const auto made = admin->operations().topology->create_topic({.name = "orders", .partitions = 3}, {});
  EXPECT_TRUE(made) << made.error().message;
}

TEST_F(AmqpRightsBrokerTest, ABroadcastIsRefusedWhereItsQueuesCannotBeMade) {
  make_everything();
  const auto consumer =
      as("service", "&declare=no")
          ->consumer(
              {.group = "caches", .instance = "one", .topic = "orders", .sharing = transport::Sharing::broadcast});
  ASSERT_FALSE(consumer);
  EXPECT_EQ(consumer.error().kind, ErrorKind::invalid);
  EXPECT_THAT(consumer.error().message,
              AllOf(HasSubstr("group 'caches'"), HasSubstr("each instance has its own"), HasSubstr("`declare=no`")));
}

// A pattern's further topics are bound by who makes the group.
TEST_F(AmqpRightsBrokerTest, FurtherTopicsReachAGroupThatAnAdministratorMade) {
  const auto admin = as("admin");
  ASSERT_TRUE(admin->declare(orders()));
  const transport::SubscriptionSpec readers{
      .group = "readers", .instance = "one", .pattern = "payment.*", .extra_topics = {"orders"}};
  const auto created = admin->operations().topology->create_group(readers);
  ASSERT_TRUE(created) << created.error().message;
  const auto service = as("service", "&declare=no");
  const auto consumer = service->consumer(readers);
  ASSERT_TRUE(consumer) << consumer.error().message;
  ASSERT_TRUE(publish(*service));
  receive_and_settle(**consumer);
}

TEST_F(AmqpRightsBrokerTest, WhatAnAdministratorHasNotMadeIsNamed) {
  {
    const auto declared = as("service", "&declare=no")->declare(orders());
    ASSERT_FALSE(declared);
    EXPECT_EQ(declared.error().kind, ErrorKind::invalid);
    EXPECT_THAT(declared.error().message, AllOf(HasSubstr("exchange '" + prefix() + "events.dlx' is not there"),
                                                HasSubstr("`declare=no`"), HasSubstr("rabbitmq-security.md")));
  }
  ASSERT_TRUE(as("admin")->declare(orders()));
  const auto service = as("service", "&declare=no");
  const auto consumer = service->consumer(readers());
  ASSERT_FALSE(consumer);
  EXPECT_EQ(consumer.error().kind, ErrorKind::invalid);
  EXPECT_THAT(consumer.error().message, AllOf(HasSubstr("queue '" + prefix() + "readers.orders_queue' is not there"),
                                              HasSubstr("`tidings groups create`")));
}

}  // namespace
}  // namespace tidings::rabbitmq
