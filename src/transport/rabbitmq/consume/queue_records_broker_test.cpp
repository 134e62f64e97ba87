// That records of queues which are gone go, too, against a real server.
#include <algorithm>

#include "tests/support/eventually.hpp"
#include "transport/rabbitmq/amqp_broker_here.hpp"
#include "transport/rabbitmq/consume/queue_records.hpp"
#include "transport/rabbitmq/consume/share_records.hpp"
#include "transport/rabbitmq/consume/trials.hpp"
#include "transport/rabbitmq/link/rabbitmq_limits.hpp"
#include "transport/rabbitmq/rabbitmq_transport.hpp"

namespace tidings::rabbitmq {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using transport::Delivery;
using transport::Sharing;

const transport::Retry kRetry{.order = transport::RetryOrder::strict, .attempts = {.failed = 1, .last_error = "no"}};

// A topic `orders`, which group `g` reads.
class QueueRecordsBrokerTest : public AmqpBrokerHere {
 protected:
  void SetUp() override {
    AmqpBrokerHere::SetUp();
    if (!IsSkipped()) begin("");
  }
  void begin(const std::string& options) {
    const auto& server = broker().options().servers.front();
    const auto url =
        "amqp://" + server.host + ":" + std::to_string(server.port) + "/?prefix=" + broker().options().prefix + options;
    transport_ = open_rabbitmq(transport::parse_url(url).value(), shared_executor()).value();
    const auto declared = transport_->declare(
        {.topics = {{.name = "orders", .partitions = 2}}, .published = {{"OrderCreated", "orders"}}});
    ASSERT_TRUE(declared) << declared.error().message;
    log_ = std::make_shared<ControlStream>(open());
    remove_queue_afterwards(broker().names().history("orders"));
    remove_exchange_afterwards(broker().names().topic("orders"));
  }
  void TearDown() override {
    if (transport_) {
      const auto removed = transport_->operations().topology->remove_group("g");
      EXPECT_TRUE(removed || removed.error().kind == ErrorKind::invalid) << removed.error().message;
    }
    transport_.reset();
    log_.reset();
    AmqpBrokerHere::TearDown();
  }

  std::unique_ptr<transport::Consumer> join(const std::string& instance, Sharing sharing = Sharing::shared) {
    auto joined = transport_->consumer({.group = "g", .instance = instance, .topic = "orders", .sharing = sharing});
    EXPECT_TRUE(joined) << joined.error().message;
    return *std::move(joined);
  }
  void publish(int first, int count) {
    const auto publisher = transport_->publisher({}).value();
    std::vector<transport::Record> records;
    for (int i = first; i < first + count; ++i) {
      records.push_back({.topic = "orders", .key = "k", .id = std::to_string(i), .type = "OrderCreated", .body = "{}"});
    }
    publisher->send(std::move(records),
                    [](std::size_t, const Result<void>& outcome) { EXPECT_TRUE(outcome) << outcome.error().message; });
    EXPECT_TRUE(publisher->flush(soon()));
  }
  void settle(transport::Consumer& by, const Delivery& delivery, transport::Outcome outcome) {
    const auto settled = settle_now(by, executor(), {{.token = delivery.token, .outcome = std::move(outcome)}})[0];
    EXPECT_TRUE(settled) << settled.error().message;
  }
  void ask(const Broker::Request& request) {
    const auto asked = broker().ask(request);
    EXPECT_TRUE(asked) << asked.error().message;
  }
  // Of queues whose names begin with these.
  std::vector<std::string> noted(const std::string& begins, const std::string& kind = "") {
    std::vector<std::string> keys;
    for (const std::string what : {"trial/", "share/"}) {
      const auto listed = log_->list(ControlSpace::driver, what + begins);
      EXPECT_TRUE(listed) << listed.error().message;
      if (!listed) continue;
      for (const auto& record : *listed) {
        if (record.key.starts_with(kind)) keys.push_back(record.key);
      }
    }
    return keys;
  }
  std::vector<std::string> trials() { return noted(broker().options().prefix, "trial/"); }
  std::string queue_of(const std::string& instance) {
    return broker().names().queue_of_topic("g", "orders") + "." + instance;
  }
  // An instance of a broadcast that has tried something, and left.
  void come_and_leave(const std::string& instance) {
    const auto consumer = join(instance, Sharing::broadcast);
    publish(0, 1);
    settle(*consumer, receive(*consumer, 1)[0], kRetry);
  }

  std::unique_ptr<transport::Transport> transport_;
  std::shared_ptr<ControlStream> log_;
};

// With the kinds of queues that there are.
class TrialsBrokerTest : public QueueRecordsBrokerTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    AmqpBrokerHere::SetUp();
    if (!IsSkipped()) begin(std::string{"&queue="} + GetParam());
  }
};

TEST_P(TrialsBrokerTest, StayAsLongAsTheirEventDoes) {
  auto consumer = join("one");
  publish(0, 3);
  const auto first = receive(*consumer, 3);
  for (const std::size_t i : {0u, 2u}) settle(*consumer, first[i], kRetry);
  consumer.reset();
  publish(3, 2);
  consumer = join("two");
  const auto again = receive(*consumer, 5);
  std::vector<int> tried;
  for (const Delivery& delivery : again) tried.push_back(delivery.attempts.failed);
  EXPECT_THAT(tried, ::testing::ElementsAre(1, 0, 1, 0, 0)) << "what was given back comes first";
  settle(*consumer, again[4], kRetry);  // behind whatever the new ones had erased
  EXPECT_THAT(trials(), SizeIs(3));
  for (const Delivery& delivery : again) settle(*consumer, delivery, transport::Accept{});
  EXPECT_TRUE(tidings::testing::eventually([&] { return trials().empty(); }));
}

TEST_P(TrialsBrokerTest, OfEventsThatAreGoneAreErasedByWhoGetsTheNextNewOne) {
  auto consumer = join("one");
  publish(0, 2);
  for (const Delivery& delivery : receive(*consumer, 2)) settle(*consumer, delivery, kRetry);
  consumer.reset();
  EXPECT_THAT(trials(), SizeIs(2));
  ask([&](Link& link, Channel channel) {
    const std::string queue = broker().names().queue_of_topic("g", "orders");
    const auto first = link.purge(channel, queue + ".0");
    return first ? link.purge(channel, queue + ".1") : first;
  });
  consumer = join("two");
  publish(2, 1);
  const auto next = receive(*consumer, 1);
  EXPECT_EQ(next.at(0).attempts, transport::Attempts{});
  EXPECT_TRUE(tidings::testing::eventually([&] { return trials().empty(); }));
  settle(*consumer, next.at(0), transport::Accept{});
}

INSTANTIATE_TEST_SUITE_P(Queues, TrialsBrokerTest, ::testing::Values("quorum", "classic"));

TEST_F(QueueRecordsBrokerTest, AGroupThatIsRemovedLeavesNothing) {
  {
    const auto consumer = join("one");
    publish(0, 2);
    settle(*consumer, receive(*consumer, 2)[0], kRetry);
  }
  EXPECT_THAT(trials(), SizeIs(1));
  const auto removed = transport_->operations().topology->remove_group("g");
  ASSERT_TRUE(removed) << removed.error().message;
  EXPECT_THAT(noted(broker().options().prefix), IsEmpty());
}

TEST_F(QueueRecordsBrokerTest, ABroadcastThatIsRemovedLeavesNothingOfInstancesThatLeft) {
  for (const char* instance : {"a", "b"}) come_and_leave(instance);
  EXPECT_THAT(trials(), SizeIs(2));
  const auto removed = transport_->operations().topology->remove_group("g");
  ASSERT_TRUE(removed) << removed.error().message;
  EXPECT_THAT(noted(broker().options().prefix), IsEmpty());
  ask([&](Link& link, Channel channel) -> Result<void> {
    EXPECT_EQ(link.look_at_queue(channel, queue_of("a")).error().kind, ErrorKind::invalid);
    return {};
  });
}

TEST_F(QueueRecordsBrokerTest, WhoJoinsABroadcastErasesWhatIsNotedOfInstancesWhoseQueueIsGone) {
  for (const char* instance : {"stays", "goes"}) come_and_leave(instance);
  { const auto other = join("other", Sharing::broadcast); }
  EXPECT_THAT(noted(queue_of("goes")), SizeIs(2)) << "it may come back, and finds its events";
  ask([&](Link& link, Channel channel) { return link.delete_queue(channel, queue_of("goes")); });  // as it expires
  const auto next = join("next", Sharing::broadcast);
  EXPECT_THAT(noted(queue_of("goes")), IsEmpty());
  EXPECT_THAT(noted(queue_of("stays")), SizeIs(2));
  ask([&](Link& link, Channel channel) {
    for (const char* ending : {".dlq", ".dlq.discarded", ".retry.1000ms"}) {
      if (auto done = link.delete_queue(channel, queue_of("goes") + ending); !done) return done;
    }
    return Result<void>{};
  });
}

TEST_F(QueueRecordsBrokerTest, WhoJoinsABroadcastErasesThoseOfSoManyInstances) {
  constexpr std::size_t kMore = 3;
  const SubscriptionQueues nobodys{.name = queue_of(""), .read = {}};
  for (std::size_t i = 0; i < kForgottenMax + kMore; ++i) {
    const std::string instance = "i" + std::to_string(i);
    const QueueRecord record{.instance = instance, .life = 1};
    ASSERT_TRUE(log_->put(ControlSpace::driver, queue_key(queue_of(instance), 0), text_of(record), {}));
  }
  ASSERT_TRUE(forget_gone_instances(broker(), *log_, nobodys));
  EXPECT_THAT(noted(queue_of("")), SizeIs(kMore));
  ASSERT_TRUE(forget_gone_instances(broker(), *log_, nobodys));
  EXPECT_THAT(noted(queue_of("")), IsEmpty());
}

}  // namespace
}  // namespace tidings::rabbitmq
