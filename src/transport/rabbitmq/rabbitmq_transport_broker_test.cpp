#include <algorithm>

#include "transport/rabbitmq/amqp_broker_here.hpp"
#include "transport/rabbitmq/link/rabbitmq_limits.hpp"
#include "transport/rabbitmq/rabbitmq_transport.hpp"

namespace tidings::rabbitmq {
namespace {

using ::testing::HasSubstr;
using transport::Delivery;
using transport::Retry;
using transport::RetryOrder;

// A topic `orders` of one queue, which group `g` reads.
class RabbitmqTransportBrokerTest : public AmqpBrokerHere {
 protected:
  void SetUp() override {
    AmqpBrokerHere::SetUp();
    if (IsSkipped()) return;
    transport_ = open_transport();
    ASSERT_TRUE(transport_->declare(
        {.topics = {{.name = "orders", .partitions = 1}}, .published = {{"OrderCreated", "orders"}}}));
    const Names& names = broker().names();
    const std::string queue = names.queue_of_topic("g", "orders");
    remove_queue_afterwards(queue);
    for (const auto* ending : {".dlq", ".dlq.discarded", ".retry.1000ms"}) remove_queue_afterwards(queue + ending);
    remove_queue_afterwards(names.history("orders"));
    remove_exchange_afterwards(names.topic("orders"));
  }
  void TearDown() override {
    transport_.reset();
    AmqpBrokerHere::TearDown();
  }
  std::unique_ptr<transport::Transport> open_transport(const std::string& more = "") {
    const auto& server = broker().options().servers.front();
    const auto url =
        "amqp://" + server.host + ":" + std::to_string(server.port) + "/?prefix=" + broker().options().prefix + more;
    return open_rabbitmq(transport::parse_url(url).value(), shared_executor()).value();
  }
  std::unique_ptr<transport::Consumer> join(const std::string& instance) {
    return transport_->consumer({.group = "g", .instance = instance, .topic = "orders"}).value();
  }
  std::vector<Result<void>> publish(std::vector<transport::Record> records, transport::Transport& by) {
    std::vector<Result<void>> outcomes(records.size(), unavailable("not answered"));
    const auto publisher = by.publisher({}).value();
    publisher->send(std::move(records), [&](std::size_t i, Result<void> outcome) { outcomes[i] = std::move(outcome); });
    EXPECT_TRUE(publisher->flush(soon()));
    return outcomes;
  }
  void publish(int first, int count) {
    std::vector<transport::Record> records;
    for (int i = first; i < first + count; ++i) records.push_back(order(i));
    for (const auto& outcome : publish(std::move(records), *transport_)) {
      ASSERT_TRUE(outcome) << outcome.error().message;
    }
  }
  static transport::Record order(int number) {
    return {.topic = "orders",
            .key = "k",
            .id = std::to_string(number),
            .type = "OrderCreated",
            .content_type = "application/json",
            .body = "{}"};
  }
  Result<void> settle(transport::Consumer& by, const Delivery& delivery, transport::Outcome outcome) {
    return settle_now(by, executor(), {{.token = delivery.token, .outcome = std::move(outcome)}})[0];
  }
  transport::LagState lag() { return transport_->operations().topology->lag().value().at(0); }

  std::unique_ptr<transport::Transport> transport_;
};

TEST_F(RabbitmqTransportBrokerTest, WhatIsSettledDoesNotComeAgainAndTheRestComesInOrder) {
  auto consumer = join("one");
  publish(0, 6);
  const auto received = receive(*consumer, 6);
  ASSERT_EQ(received.size(), 6u);
  for (const std::size_t i : {0u, 1u, 3u}) EXPECT_TRUE(settle(*consumer, received[i], transport::Accept{}));
  consumer = join("two");
  std::vector<std::string> again;
  for (const Delivery& delivery : receive(*consumer, 3)) again.emplace_back(delivery.record.id);
  EXPECT_THAT(again, ::testing::ElementsAre("2", "4", "5"));
}

TEST_F(RabbitmqTransportBrokerTest, AnHeirKnowsWhatWasTriedInPlace) {
  auto consumer = join("one");
  publish(0, 1);
  const auto first = receive(*consumer, 1);
  ASSERT_EQ(first.size(), 1u);
  const transport::Attempts tried{
      .failed = 2,
      .due = Time{std::chrono::seconds{executor().now().time_since_epoch() / std::chrono::seconds{1}}} +
             std::chrono::hours{1},
      .last_error = "the bank\nis closed"};
  EXPECT_TRUE(settle(*consumer, first[0], Retry{.order = RetryOrder::strict, .attempts = tried}));
  EXPECT_EQ(lag().waiting, 1u);
  consumer = join("two");
  const auto again = receive(*consumer, 1);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].attempts, tried);
  EXPECT_TRUE(settle(*consumer, again[0], transport::Accept{}));
  EXPECT_EQ(lag().waiting, 0u);
}

TEST_F(RabbitmqTransportBrokerTest, ARelaxedRetryComesBackNotBeforeItsTime) {
  const auto consumer = join("one");
  publish(0, 1);
  const auto first = receive(*consumer, 1);
  ASSERT_EQ(first.size(), 1u);
  const transport::Attempts tried{.failed = 1, .due = executor().now() + std::chrono::milliseconds{1'300}};
  EXPECT_TRUE(settle(*consumer, first[0], Retry{.order = RetryOrder::relaxed, .attempts = tried}));
  const auto again = receive(*consumer, 1);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_GE(executor().now(), *tried.due);
  EXPECT_EQ(again[0].attempts.failed, 1);
}

TEST_F(RabbitmqTransportBrokerTest, LagCountsWhatWaitsAndWhatIsInFlight) {
  const auto consumer = join("one");
  publish(0, 5);
  const auto received = receive(*consumer, 5);
  EXPECT_EQ(lag().unsettled, 5u);
  EXPECT_TRUE(settle(*consumer, received.at(0), transport::Accept{}));
  EXPECT_TRUE(settle(*consumer, received.at(1), transport::Bury{.reason = "failed", .error = "no", .attempts = {}}));
  EXPECT_EQ(lag().unsettled, 3u);
  EXPECT_EQ(lag().dead, 1u);
}

TEST_F(RabbitmqTransportBrokerTest, ADeadLetterIsReplayedToItsGroupOnceOrDiscarded) {
  const auto consumer = join("one");
  publish(0, 2);
  for (const Delivery& delivery : receive(*consumer, 2)) {
    EXPECT_TRUE(settle(*consumer, delivery, transport::Bury{.reason = "failed", .error = "no", .attempts = {}}));
  }
  auto& dead = *transport_->operations().dead_letters;
  const auto letters = dead.browse({}, "", 10);
  ASSERT_TRUE(letters);
  ASSERT_EQ(letters->size(), 2u);
  EXPECT_EQ(letters->at(0).error, "no");
  EXPECT_TRUE(dead.replay(letters->at(0).id).value());
  EXPECT_FALSE(dead.replay(letters->at(0).id).value()) << "it is gone";
  EXPECT_TRUE(dead.discard(letters->at(1).id).value());
  EXPECT_TRUE(dead.browse({}, "", 10).value().empty());
  const auto again = receive(*consumer, 1);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].record.id, "0");
  EXPECT_EQ(again[0].replays, 1);
}

// As of one whose process died before it acknowledged what it had buried.
TEST_F(RabbitmqTransportBrokerTest, WhatWasBuriedTwiceIsOneDeadLetter) {
  const auto consumer = join("one");
  publish({order(0), order(0)}, *transport_);
  for (const Delivery& delivery : receive(*consumer, 2)) {
    EXPECT_TRUE(settle(*consumer, delivery, transport::Bury{.reason = "failed", .error = "no", .attempts = {}}));
  }
  auto& dead = *transport_->operations().dead_letters;
  const auto letters = dead.browse({}, "", 10);
  ASSERT_TRUE(letters);
  ASSERT_EQ(letters->size(), 1u);
  EXPECT_EQ(lag().dead, 2u) << "messages, as docs/guides/command-line.md says";
  EXPECT_TRUE(dead.browse({}, letters->at(0).id, 10).value().empty()) << "nor behind the first";
  EXPECT_TRUE(dead.discard(letters->at(0).id).value());
  EXPECT_TRUE(dead.browse({}, "", 10).value().empty());
  EXPECT_EQ(lag().dead, 0u);
}

TEST_F(RabbitmqTransportBrokerTest, ClassicQueuesRetryAndBuryAsQuorumQueuesDo) {
  const std::string queue = broker().names().queue_of_topic("c", "orders");
  for (const auto* ending : {"", ".dlq", ".dlq.discarded", ".retry.1000ms"}) remove_queue_afterwards(queue + ending);
  const auto classic = open_transport("&queue=classic");
  auto consumer = classic->consumer({.group = "c", .instance = "one", .topic = "orders"}).value();
  // Set as that, and not as another kind.
  EXPECT_TRUE(broker().ask([&](Link& link, Channel channel) -> Result<void> {
    const auto same =
        link.declare(channel, QueueSpec{.name = queue, .arguments = {{"x-single-active-consumer", true}}});
    return same ? Result<void>{} : same.error();
  }));
  publish(0, 3);
  const auto received = receive(*consumer, 3);
  ASSERT_EQ(received.size(), 3u);
  const transport::Attempts tried{.failed = 1, .due = executor().now() + std::chrono::seconds{1}};
  EXPECT_TRUE(settle(*consumer, received[0], Retry{.order = RetryOrder::relaxed, .attempts = tried}));
  EXPECT_TRUE(settle(*consumer, received[1], transport::Bury{.reason = "failed", .error = "no", .attempts = {}}));
  consumer = classic->consumer({.group = "c", .instance = "two", .topic = "orders"}).value();
  std::vector<std::string> again;
  for (const Delivery& delivery : receive(*consumer, 2)) again.emplace_back(delivery.record.id);
  EXPECT_THAT(again, ::testing::ElementsAre("2", "0"));
  const auto letters = classic->operations().dead_letters->browse({.group = "c"}, "", 10);
  ASSERT_TRUE(letters) << letters.error().message;
  ASSERT_EQ(letters->size(), 1u);
  EXPECT_EQ(letters->at(0).record.id, "1");
}

TEST_F(RabbitmqTransportBrokerTest, AnEventThatNoQueueWantsIsRefusedAndNoOther) {
  const auto other = open_transport("&history=no");
  const std::string exchange = broker().names().topic("payments");
  remove_exchange_afterwards(exchange);
  ASSERT_TRUE(other->declare({.topics = {{.name = "payments"}}, .published = {}}));
  transport::Record unwanted = order(1);
  unwanted.topic = "payments";
  unwanted.type = "PaymentMade";
  const auto outcomes = publish({order(0), unwanted, order(2)}, *other);
  EXPECT_TRUE(outcomes[0]) << "the history of `orders` wants it";
  ASSERT_FALSE(outcomes[1]);
  EXPECT_THAT(outcomes[1].error().message, HasSubstr("no queue wants the event"));
  EXPECT_TRUE(outcomes[2]);
}

TEST_F(RabbitmqTransportBrokerTest, AnEventWhoseHeadersDoNotFitInAFrameIsRefusedAndNoOther) {
  const auto reader = join("a");
  std::vector<transport::Record> records{order(0), order(1), order(2)};
  records[1].headers.push_back({"x-large", std::string(kFrameBytesMax, 'x')});
  const auto outcomes = publish(std::move(records), *transport_);
  EXPECT_TRUE(outcomes[0]);
  ASSERT_FALSE(outcomes[1]);
  EXPECT_EQ(outcomes[1].error().kind, ErrorKind::invalid);
  EXPECT_THAT(outcomes[1].error().message, HasSubstr("publish a reference"));
  EXPECT_TRUE(outcomes[2]);
}

TEST_F(RabbitmqTransportBrokerTest, HistoryIsReadFromAnyPlaceAndReplayedToOneGroup) {
  const auto consumer = join("one");
  publish(0, 3);
  for (const Delivery& delivery : receive(*consumer, 3)) {
    EXPECT_TRUE(settle(*consumer, delivery, transport::Accept{}));
  }
  auto& history = *transport_->operations().history;
  std::vector<std::string> ids;
  const auto collect = [&](const transport::HistoryEntry& entry) {
    ids.emplace_back(entry.record.id);
    return true;
  };
  const auto after_two = history.read({.topic = "orders"}, {}, 2, collect);
  ASSERT_TRUE(after_two) << after_two.error().message;
  const auto end = history.read({.topic = "orders"}, *after_two, 100, collect);
  EXPECT_THAT(ids, ::testing::ElementsAre("0", "1", "2"));
  EXPECT_EQ(history.read({.topic = "orders"}, *end, 100, collect).value(), *end);
  EXPECT_EQ(history.replay({.topic = "orders"}, "g", "again").value(), 3u);
  const auto again = receive(*consumer, 3);
  ASSERT_EQ(again.size(), 3u);
  EXPECT_EQ(again[2].replay_id, "again");
}

}  // namespace
}  // namespace tidings::rabbitmq
