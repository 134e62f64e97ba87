// What the URL says of queues and of order.
#include <algorithm>

#include "tests/support/eventually.hpp"
#include "transport/rabbitmq/amqp_broker_here.hpp"
#include "transport/rabbitmq/rabbitmq_transport.hpp"

namespace tidings::rabbitmq {
namespace {

using ::testing::HasSubstr;
using transport::Record;

class QueueOptionsBrokerTest : public AmqpBrokerHere {
 protected:
  void SetUp() override {
    AmqpBrokerHere::SetUp();
    if (IsSkipped()) return;
    const Names& names = broker().names();
    for (const std::string topic : {"orders", "emails"}) {
      const std::string queue = names.queue_of_topic("g", topic);
      for (const auto* ending : {"", ".dlq", ".dlq.discarded", ".retry.1000ms", ".one"}) {
        remove_queue_afterwards(queue + ending);
      }
      remove_queue_afterwards(names.history(topic));
      remove_exchange_afterwards(names.topic(topic));
    }
  }
  std::unique_ptr<transport::Transport> open(const std::string& options) {
    const auto& server = broker().options().servers.front();
    const auto url = "amqp://" + server.host + ":" + std::to_string(server.port) +
                     "/?prefix=" + broker().names().queue("") + "&" + options;
    auto transport = open_rabbitmq(transport::parse_url(url).value(), shared_executor()).value();
    const auto declared = transport->declare(
        {.topics = {{.name = "orders", .partitions = 1}, {.name = "emails", .command = true, .partitions = 1}},
         .published = {}});
    EXPECT_TRUE(declared) << declared.error().message;
    return transport;
  }
  // What each of them came to: empty, or an error's text.
  std::vector<std::string> publish(transport::Transport& to, std::vector<Record> records) {
    auto publisher = to.publisher({}).value();
    std::vector<std::string> outcomes(records.size(), "unanswered");
    publisher->send(std::move(records), [&](std::size_t index, Result<void> outcome) {
      outcomes[index] = outcome ? "" : outcome.error().message;
    });
    EXPECT_TRUE(publisher->flush(soon()));
    publisher.reset();
    return outcomes;
  }
  // A queue for one command, which lies there. Classic: a quorum queue keeps to its bound about.
  std::vector<std::string> overfill(const std::string& options) {
    const auto transport = open("queue=classic&commands_max=1&" + options);
    { const auto member = transport->consumer({.group = "g", .instance = "one", .topic = "emails", .command = true}); }
    EXPECT_EQ(publish(*transport, {command("first")}), std::vector<std::string>{""});
    return publish(*transport, {command("second"), command("third")});
  }
  static Record command(const std::string& id) {
    return {.topic = "emails", .key = "k", .id = id, .type = "SendEmail", .body = "{}"};
  }
};

TEST_F(QueueOptionsBrokerTest, AFullQueueOfCommandsRefusesMoreAtOnce) {
  const Time before = executor().now();
  for (const std::string& outcome : overfill("order=key")) EXPECT_THAT(outcome, HasSubstr("its queue is full"));
  EXPECT_LT(executor().now(), before + kRefusedFor);
}

// Its own leader may be gone for a while.
TEST_F(QueueOptionsBrokerTest, WhoDoesNotKnowOfABoundSendsWhatIsRefusedAgain) {
  const auto transport = open("queue=classic&commands_max=1");
  { const auto member = transport->consumer({.group = "g", .instance = "one", .topic = "emails", .command = true}); }
  const auto unaware = open("queue=classic");
  EXPECT_EQ(publish(*unaware, {command("first")}), std::vector<std::string>{""});
  const Time before = executor().now();
  EXPECT_THAT(publish(*unaware, {command("second")}).front(), HasSubstr("queue for it is full"));
  EXPECT_GE(executor().now(), before + kRefusedFor);
}

TEST_F(QueueOptionsBrokerTest, InStrictOrderAllOfAKeyIsConfirmedInItsOrder) {
  const auto transport = open("order=strict");
  std::vector<Record> records;
  for (int i = 0; i < 50; ++i) {
    records.push_back(
        {.topic = "orders", .key = i % 2 == 0 ? "even" : "odd", .id = std::to_string(i), .type = "Order"});
  }
  std::vector<std::size_t> confirmed;
  auto publisher = transport->publisher({}).value();
  publisher->send(std::move(records), [&](std::size_t index, Result<void> outcome) {
    EXPECT_TRUE(outcome) << outcome.error().message;
    confirmed.push_back(index);
  });
  EXPECT_TRUE(publisher->flush(soon()));
  publisher.reset();
  EXPECT_EQ(confirmed.size(), 50u);
  EXPECT_TRUE(std::ranges::is_sorted(confirmed));
}

TEST_F(QueueOptionsBrokerTest, WhatWaitsTooLongIsADeadLetter) {
  const auto transport = open("message_ttl=1s");
  { const auto member = transport->consumer({.group = "g", .instance = "one", .topic = "orders"}); }
  EXPECT_EQ(publish(*transport, {{.topic = "orders", .key = "k", .id = "late", .type = "Order", .body = "{}"}}),
            std::vector<std::string>{""});
  auto& dead = *transport->operations().dead_letters;
  std::vector<transport::DeadLetter> letters;
  EXPECT_TRUE(tidings::testing::eventually([&] {
    letters = dead.browse({}, "", 10).value();
    return !letters.empty();
  }));
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].reason, "expired");
  EXPECT_EQ(letters[0].record.id, "late");
  EXPECT_THAT(letters[0].group, HasSubstr("orders_queue"));
}

TEST_F(QueueOptionsBrokerTest, WithoutOrderMembersCompete) {
  const auto transport = open("order=none&prefetch=1");
  auto one = transport->consumer({.group = "g", .instance = "one", .topic = "orders"}).value();
  auto two = transport->consumer({.group = "g", .instance = "two", .topic = "orders"}).value();
  std::vector<Record> records;
  for (int i = 0; i < 4; ++i) {
    records.push_back({.topic = "orders", .key = "k", .id = std::to_string(i), .type = "Order", .body = "{}"});
  }
  ASSERT_EQ(publish(*transport, std::move(records)), std::vector<std::string>(4, ""));
  std::vector<std::string> seen;
  // The token of one that came within that time.
  const auto take = [&](transport::Consumer& member, Time deadline) -> std::optional<std::uint64_t> {
    while (executor().now() < deadline) {
      const auto batch = member.receive(1, deadline);
      EXPECT_TRUE(batch) << batch.error().message;
      if (!batch) return std::nullopt;
      if (batch->deliveries.empty()) continue;
      seen.emplace_back(batch->deliveries.front().record.id);
      return batch->deliveries.front().token;
    }
    return std::nullopt;
  };
  const auto settle = [&](transport::Consumer& member, std::uint64_t token) {
    std::vector<transport::Settlement> settlements(1);
    settlements[0] = {.token = token, .outcome = transport::Accept{}, .publishes = {}};
    EXPECT_TRUE(transport::settle_now(member, executor(), std::move(settlements)).front());
  };
  // Both have an event of one key at a time.
  const auto first = take(*one, soon()), second = take(*two, soon());
  ASSERT_TRUE(first && second);
  settle(*one, *first);
  settle(*two, *second);
  // Whose settlement the server hears of first has the next one.
  for (const Time deadline = soon(); seen.size() < 4 && executor().now() < deadline;) {
    for (transport::Consumer* member : {one.get(), two.get()}) {
      if (const auto token = take(*member, executor().now() + std::chrono::milliseconds{50})) settle(*member, *token);
    }
  }
  EXPECT_THAT(seen, ::testing::UnorderedElementsAre("0", "1", "2", "3"));
}

TEST_F(QueueOptionsBrokerTest, ABroadcastsQueueGoesSomeTimeAfterItsInstance) {
  const auto transport = open("history=no");
  const auto member = transport->consumer(
      {.group = "g", .instance = "one", .topic = "orders", .sharing = transport::Sharing::broadcast});
  ASSERT_TRUE(member) << member.error().message;
  const std::string queue = broker().names().queue_of_topic("g", "orders") + ".one";
  const auto declared = broker().ask([&](Link& link, Channel channel) -> Result<void> {
    const auto otherwise =
        link.declare(channel, QueueSpec{.name = queue, .arguments = {{"x-expires", std::int64_t{1}}}});
    return otherwise ? Result<void>{} : otherwise.error();
  });
  ASSERT_FALSE(declared);
  EXPECT_THAT(declared.error().message, HasSubstr("x-expires"));
  EXPECT_THAT(declared.error().message, HasSubstr("1800000"));
}

}  // namespace
}  // namespace tidings::rabbitmq
