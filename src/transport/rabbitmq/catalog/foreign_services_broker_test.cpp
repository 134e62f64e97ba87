// What services that are not ours do on the server, and what we make of it.
#include <algorithm>

#include "transport/rabbitmq/amqp_broker_here.hpp"
#include "transport/rabbitmq/operate/queue_reader.hpp"
#include "transport/rabbitmq/rabbitmq_transport.hpp"

namespace tidings::rabbitmq {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using transport::Delivery;

// Of a service in another language: its queue `order_created_queue`, behind the exchange `events`.
class ForeignServicesBrokerTest : public AmqpBrokerHere {
 protected:
  void SetUp() override {
    AmqpBrokerHere::SetUp();
    if (IsSkipped()) return;
    const Names& names = broker().names();
    queue_ = names.queue("order_created_queue");
    for (const auto* ending : {"", ".dlq", ".dlq.discarded", ".retry.1000ms"}) remove_queue_afterwards(queue_ + ending);
    remove_queue_afterwards(names.history("orders"));
    remove_exchange_afterwards(names.topic("orders"));
    transport_ = open_transport();
    ASSERT_TRUE(transport_->declare({.topics = {{.name = "orders", .partitions = 1}}, .published = {}}));
  }
  void TearDown() override {
    transport_.reset();
    AmqpBrokerHere::TearDown();
  }
  std::unique_ptr<transport::Transport> open_transport() {
    const auto& server = broker().options().servers.front();
    const auto url =
        "amqp://" + server.host + ":" + std::to_string(server.port) + "/?prefix=" + broker().names().queue("");
    return open_rabbitmq(transport::parse_url(url).value(), shared_executor()).value();
  }
  void ask(const Broker::Request& request) {
    const auto done = broker().ask(request);
    ASSERT_TRUE(done) << done.error().message;
  }
  void declare_queue(Arguments more) {
    more.push_back({"x-dead-letter-exchange", broker().names().foreign_exchange()});
    more.push_back({"x-dead-letter-routing-key", "dead.letter"});
    ask([&](Link& link, Channel channel) -> Result<void> {
      const auto declared = link.declare(channel, QueueSpec{.name = queue_, .arguments = std::move(more)});
      return declared ? Result<void>{} : declared.error();
    });
  }
  // A bare message: no header, no property.
  void publish(const std::string& exchange, const std::string& key, const std::string& body) {
    ask([&](Link& link, Channel channel) { return link.publish(channel, exchange, key, {}, body); });
  }
  std::unique_ptr<transport::Consumer> join(const std::string& instance) {
    auto consumer = transport_->consumer(
        {.group = "heir", .instance = instance, .pattern = "order.created", .queue = "order_created_queue"});
    EXPECT_TRUE(consumer) << consumer.error().message;
    return *std::move(consumer);
  }
  static std::vector<std::string> bodies_of(const std::vector<Delivery>& deliveries) {
    std::vector<std::string> bodies;
    for (const Delivery& delivery : deliveries) bodies.emplace_back(delivery.record.body.value());
    return bodies;
  }
  transport::DeadLetters& dead() { return *transport_->operations().dead_letters; }
  std::vector<transport::DeadLetter> letters(std::size_t count) {
    const Time deadline = soon();
    while (true) {
      const auto found = dead().browse({}, "", 10);
      EXPECT_TRUE(found) << found.error().message;
      if (!found || found->size() >= count || executor().now() > deadline)
        return found.value_or(std::vector<transport::DeadLetter>{});
    }
  }

  std::string queue_;
  std::unique_ptr<transport::Transport> transport_;
};

TEST_F(ForeignServicesBrokerTest, WhatTheirQueuesGiveUpIsReplayedThereOrKept) {
  declare_queue({{"x-message-ttl", std::int64_t{1}}});
  publish("", queue_, "once");
  const auto found = letters(1);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].group, "foreign:" + queue_);
  EXPECT_EQ(found[0].reason, "expired");
  EXPECT_EQ(found[0].record.body, "once");
  const std::string& id = found[0].id;
  EXPECT_EQ(dead().show(id).value()->id, id);

  ask([&](Link& link, Channel channel) { return link.delete_queue(channel, queue_); });
  const auto refused = dead().replay(id);
  ASSERT_FALSE(refused) << "its queue is gone";
  EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
  EXPECT_THAT(refused.error().message, HasSubstr("is not there any more: make it again, or discard the letter"));
  EXPECT_EQ(letters(1).size(), 1u);

  declare_queue({});
  EXPECT_TRUE(dead().replay(id).value());
  EXPECT_FALSE(dead().replay(id).value()) << "it is gone";
  std::vector<transport::Record> back;
  ask([&](Link& link, Channel channel) {
    return read_queue(link, channel, executor(), queue_, [&](const Message& message) {
      EXPECT_EQ(message.death(), std::nullopt);
      back.push_back(to_record(message.record()));
      return Then::keep;
    });
  });
  ASSERT_EQ(back.size(), 1u);
  EXPECT_EQ(back[0].body, "once");
  EXPECT_THAT(back[0].broker_fields, HasSubstr("x-original-death"));
}

TEST_F(ForeignServicesBrokerTest, WhatTheirQueuesGiveUpIsDiscarded) {
  declare_queue({{"x-message-ttl", std::int64_t{1}}});
  for (const auto* body : {"one", "two"}) publish("", queue_, body);
  const auto found = letters(2);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_TRUE(dead().discard(found[0].id).value());
  const auto left = letters(1);
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].id, found[1].id);
}

// As one that retries by a queue that expires into the exchange that all share.
TEST_F(ForeignServicesBrokerTest, WhatTheirRetriesSayGoesWithOurCopiesAndNothingOfOurs) {
  const std::string theirs = broker().names().queue("orders.retry.1");
  remove_queue_afterwards(theirs);
  const auto consumer = join("one");
  ask([&](Link& link, Channel channel) -> Result<void> {
    const QueueSpec retries{.name = theirs,
                            .arguments = {{"x-message-ttl", std::int64_t{1}},
                                          {"x-dead-letter-exchange", broker().names().events()},
                                          {"x-dead-letter-routing-key", "order.created"}}};
    const auto declared = link.declare(channel, retries);
    return declared ? Result<void>{} : declared.error();
  });
  publish("", theirs, "again");
  const auto first = receive(*consumer, 1);
  ASSERT_EQ(first.size(), 1u);
  EXPECT_THAT(first[0].record.broker_fields, HasSubstr("x-death"));
  const transport::Attempts tried{.failed = 1, .due = executor().now() + std::chrono::seconds{1}};
  const transport::Retry retry{.order = transport::RetryOrder::relaxed, .attempts = tried};
  EXPECT_TRUE(settle_now(*consumer, executor(), {{.token = first[0].token, .outcome = retry}})[0]);
  const auto second = receive(*consumer, 1);
  ASSERT_EQ(second.size(), 1u);
  EXPECT_TRUE(second[0].record.headers.empty());
  const std::string once{second[0].record.broker_fields};
  EXPECT_THAT(once, HasSubstr("x-original-death"));
  EXPECT_THAT(once, ::testing::Not(HasSubstr("order_created_queue.retry")));
  const transport::Bury bury{.reason = "failed", .error = "no", .attempts = tried};
  EXPECT_TRUE(settle_now(*consumer, executor(), {{.token = second[0].token, .outcome = bury}})[0]);
  const auto found = letters(1);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].group, "heir");
  EXPECT_EQ(found[0].record.broker_fields, once);
  EXPECT_TRUE(dead().replay(found[0].id).value());
  const auto third = receive(*consumer, 1);
  ASSERT_EQ(third.size(), 1u);
  EXPECT_EQ(third[0].record.broker_fields, once);
}

// Ours are bound when they are published (record_bytes_max): theirs are there already.
TEST_F(ForeignServicesBrokerTest, WhatIsLargerThanAnEventOfOursIsBuriedReplayedAndWaitsAsItIs) {
  const auto consumer = join("one");
  const std::string body(3 * kRecordBytesMax, 'x');
  publish(broker().names().events(), "order.created", body);
  const auto first = receive(*consumer, 1);
  ASSERT_EQ(first.size(), 1u);
  const transport::Attempts tried{.failed = 1, .due = executor().now() + std::chrono::seconds{1}};
  const transport::Retry retry{.order = transport::RetryOrder::relaxed, .attempts = tried};
  const auto waits = settle_now(*consumer, executor(), {{.token = first[0].token, .outcome = retry}})[0];
  EXPECT_TRUE(waits) << waits.error().message;
  const auto second = receive(*consumer, 1);
  ASSERT_EQ(second.size(), 1u);
  const transport::Bury bury{.reason = "too_large", .error = "no", .attempts = tried};
  const auto buried = settle_now(*consumer, executor(), {{.token = second[0].token, .outcome = bury}})[0];
  EXPECT_TRUE(buried) << buried.error().message;
  const auto found = letters(1);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].record.body, body);
  EXPECT_TRUE(dead().replay(found[0].id).value());
  EXPECT_THAT(bodies_of(receive(*consumer, 1)), ElementsAre(body));
}

TEST_F(ForeignServicesBrokerTest, TheirQueueIsReadAsItIsOrMadeAsTheyWould) {
  const auto made = join("one");
  declare_queue({});  // as they do when they come: the server would refuse other arguments
  publish(broker().names().events(), "order.created", "split");
  publish(broker().names().events(), "ordercreated", "unsplit");
  const auto received = receive(*made, 2);
  EXPECT_THAT(bodies_of(received), ElementsAre("split", "unsplit"));
  for (const Delivery& delivery : received) {
    EXPECT_EQ(delivery.record.topic, "order.created") << "nobody declared its type";
  }
}

TEST_F(ForeignServicesBrokerTest, AnEventThatSaysNoTopicHasThatOfItsType) {
  ASSERT_TRUE(transport_->declare({.topics = {}, .published = {{"ORDER_CREATED", "orders"}}}));
  const auto consumer = join("one");
  publish(broker().names().events(), "ordercreated", "unsplit");
  const auto received = receive(*consumer, 1);
  ASSERT_EQ(received.size(), 1u);
  EXPECT_EQ(received[0].record.topic, "orders");
}

TEST_F(ForeignServicesBrokerTest, OneMemberReadsTheirQueueAtATime) {
  declare_queue({{"x-max-length", std::int64_t{1'000}}});  // set as they like
  auto first = join("one");
  publish("", queue_, "1");
  EXPECT_EQ(receive(*first, 1)[0].record.body, "1");
  const auto second = join("two");
  const auto nothing = second->receive(1, executor().now() + std::chrono::milliseconds{1'500});
  ASSERT_TRUE(nothing) << nothing.error().message;
  EXPECT_TRUE(nothing->deliveries.empty());
  for (const auto* body : {"2", "3", "4"}) publish("", queue_, body);
  EXPECT_THAT(bodies_of(receive(*first, 3)), ElementsAre("2", "3", "4"));
  first.reset();
  EXPECT_THAT(bodies_of(receive(*second, 4)), ElementsAre("1", "2", "3", "4"));
}

TEST_F(ForeignServicesBrokerTest, TwoGroupsOnOneQueueAreAConflict) {
  const auto heir = join("one");
  const transport::SubscriptionSpec other{.group = "other", .topic = "orders", .queue = "order_created_queue"};
  const auto refused = transport_->consumer(other);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
  EXPECT_THAT(refused.error().message, HasSubstr("is read by group 'heir' already"));
  // By the name of one that has its own, too.
  const std::string own = "shop.orders_queue";
  for (const auto* ending : {"", ".dlq", ".dlq.discarded"})
    remove_queue_afterwards(broker().names().queue(own) + ending);
  const auto shop = transport_->consumer({.group = "shop", .topic = "orders"});
  ASSERT_TRUE(shop) << shop.error().message;
  EXPECT_EQ(transport_->consumer({.group = "thief", .topic = "orders", .queue = own}).error().kind,
            ErrorKind::conflict);
  // And one group by two subscriptions.
  EXPECT_EQ(
      transport_->consumer({.group = "heir", .pattern = "payment.*", .queue = "order_created_queue"}).error().kind,
      ErrorKind::invalid);
}

}  // namespace
}  // namespace tidings::rabbitmq
