// What a user is told that lacks a right, and that the rights of docs/guides/rabbitmq-security.md are enough, against a
// real server (D12, D14).
#include "transport/rabbitmq/secure_amqp_here.hpp"

namespace tidings::rabbitmq {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

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
    const auto consumer = admin->consumer(readers());
    ASSERT_TRUE(consumer) << consumer.error().message;
  }
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
  pass_an_event(*as("service", "&declare=no"));
}

TEST_F(AmqpRightsBrokerTest, WhatAnAdministratorHasNotMadeIsNamed) {
  {
    const auto declared = as("service", "&declare=no")->declare(orders());
    ASSERT_FALSE(declared);
    EXPECT_EQ(declared.error().kind, ErrorKind::invalid);
    EXPECT_THAT(declared.error().message, AllOf(HasSubstr("queue '" + prefix() + "tidings.control' is not there"),
                                                HasSubstr("`declare=no`"), HasSubstr("rabbitmq-security.md")));
  }
  ASSERT_TRUE(as("admin")->declare(orders()));
  const auto service = as("service", "&declare=no");
  const auto consumer = service->consumer(readers());
  ASSERT_FALSE(consumer);
  EXPECT_EQ(consumer.error().kind, ErrorKind::invalid);
  EXPECT_THAT(consumer.error().message, HasSubstr("queue '" + prefix() + "readers.orders_queue' is not there"));
}

}  // namespace
}  // namespace tidings::rabbitmq
