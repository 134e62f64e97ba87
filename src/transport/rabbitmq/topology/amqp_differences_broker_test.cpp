// Queues and exchanges that are there and are set otherwise than services want them (D12).
#include <algorithm>

#include "transport/rabbitmq/amqp_broker_here.hpp"
#include "transport/rabbitmq/rabbitmq_transport.hpp"

namespace tidings::rabbitmq {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class AmqpDifferencesBrokerTest : public AmqpBrokerHere {
 protected:
  void SetUp() override {
    AmqpBrokerHere::SetUp();
    if (IsSkipped()) return;
    const Names& names = broker().names();
    queue_ = names.queue_of_topic("g", "orders");
    remove_queue_afterwards(queue_);
    for (const char* ending : {".dlq", ".dlq.discarded"}) remove_queue_afterwards(queue_ + ending);
    remove_queue_afterwards(names.history("orders"));
    remove_exchange_afterwards(names.topic("orders"));
    const auto& server = broker().options().servers.front();
    const auto url =
        "amqp://" + server.host + ":" + std::to_string(server.port) + "/?prefix=" + broker().options().prefix;
    transport_ = open_rabbitmq(transport::parse_url(url).value(), shared_executor()).value();
  }
  void TearDown() override {
    transport_.reset();
    AmqpBrokerHere::TearDown();
  }
  template <class Spec>
  void make(const Spec& spec) {
    const auto made = broker().ask([&](Link& link, Channel channel) -> Result<void> {
      const auto declared = link.declare(channel, spec);
      return declared ? Result<void>{} : declared.error();
    });
    ASSERT_TRUE(made) << made.error().message;
  }
  template <class Spec>
  std::string fault(const Spec& spec) {
    const auto made = broker().ask([&](Link& link, Channel channel) -> Result<void> {
      const auto declared = link.declare(channel, spec);
      return declared ? Result<void>{} : declared.error();
    });
    EXPECT_FALSE(made);
    if (made) return "";
    EXPECT_EQ(made.error().kind, ErrorKind::conflict);
    return made.error().message;
  }
  Result<std::unique_ptr<transport::Consumer>> join() {
    return transport_->consumer({.group = "g", .instance = "one", .topic = "orders"});
  }
  void declare_orders() {
    const auto declared = transport_->declare({.topics = {{.name = "orders", .partitions = 1}}, .published = {}});
    ASSERT_TRUE(declared) << declared.error().message;
  }
  std::vector<transport::Concern> concerns() { return transport_->operations().topology->concerns().value(); }

  std::unique_ptr<transport::Transport> transport_;
  std::string queue_;
};

TEST_F(AmqpDifferencesBrokerTest, AQueueNamesAllOfThemAndStaysAsItIs) {
  make(QueueSpec{.name = queue_,
                 .arguments = {{"x-expires", std::int64_t{600'000}},
                               {"x-message-ttl", std::int64_t{5'000}},
                               {"x-dead-letter-exchange", std::string{"elsewhere"}}}});
  const QueueSpec wanted{.name = queue_,
                         .arguments = {{"x-queue-type", std::string{"quorum"}},
                                       {"x-message-ttl", std::int64_t{6'000}},
                                       {"x-single-active-consumer", true}}};
  for (int look = 0; look < 2; ++look) {
    EXPECT_THAT(fault(wanted), AllOf(HasSubstr("queue '" + queue_ + "' is there and is set otherwise: "),
                                     HasSubstr("x-expires is '600000', and none is wanted"),
                                     HasSubstr("x-message-ttl is '5000', and '6000' is wanted"),
                                     HasSubstr("x-dead-letter-exchange is 'elsewhere', and none is wanted"),
                                     HasSubstr("x-single-active-consumer is not set, and 'true' is wanted"),
                                     HasSubstr("x-queue-type is not set (classic), and 'quorum' is wanted"),
                                     HasSubstr("`tidings doctor`")));
  }
}

TEST_F(AmqpDifferencesBrokerTest, AnExchangeNamesAllOfThem) {
  const std::string name = broker().names().events();
  make(ExchangeSpec{.name = name,
                    .type = "direct",
                    .arguments = {{"alternate-exchange", std::string{"elsewhere"}}},
                    .durable = false});
  EXPECT_THAT(
      fault(ExchangeSpec{.name = name}),
      AllOf(HasSubstr("exchange '" + name +
                      "' is there and is set otherwise: type is 'direct', and 'topic' is "
                      "wanted; durable is 'false', and 'true' is wanted; alternate-exchange is 'elsewhere', and "
                      "none is wanted")));
}

TEST_F(AmqpDifferencesBrokerTest, AConsumerThatJoinsIsToldAndTheDoctorKnowsTheWayOut) {
  declare_orders();
  ASSERT_THAT(concerns(), IsEmpty());
  make(QueueSpec{.name = queue_, .arguments = {{"x-max-length", std::int64_t{10}}}});
  const auto joined = join();
  ASSERT_FALSE(joined);
  EXPECT_EQ(joined.error().kind, ErrorKind::conflict);
  EXPECT_THAT(joined.error().message,
              AllOf(HasSubstr("x-max-length is '10'"), HasSubstr("x-single-active-consumer is not set")));
  const auto found = concerns();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].subject, "queue '" + queue_ + "'");
  EXPECT_THAT(found[0].what, HasSubstr("x-max-length is '10'"));
  EXPECT_THAT(found[0].remedy, HasSubstr("`rabbitmqctl delete_queue -p / " + queue_ + " --if-empty`"));
}

TEST_F(AmqpDifferencesBrokerTest, TheDoctorKnowsWhatMayBeTakenAsItIs) {
  declare_orders();
  make(QueueSpec{.name = queue_, .arguments = {{"x-single-active-consumer", true}}});
  ASSERT_FALSE(join());
  const auto found = concerns();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_THAT(found[0].remedy, HasSubstr("write `queue=classic` to take it as it is"));
}

TEST_F(AmqpDifferencesBrokerTest, LookingMakesNothing) {
  declare_orders();
  EXPECT_THAT(concerns(), IsEmpty());
  const auto looked = broker().ask([&](Link& link, Channel channel) -> Result<void> {
    const auto there = link.look_at_queue(channel, queue_ + ".dlq");
    return there ? Result<void>{} : there.error();
  });
  EXPECT_FALSE(looked);
}

}  // namespace
}  // namespace tidings::rabbitmq
