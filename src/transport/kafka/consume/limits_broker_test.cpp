// P9: limits of the driver that a broker is needed for.
#include "tidings/transport/url.hpp"
#include "transport/kafka/admin/own_topics.hpp"
#include "transport/kafka/admin/topic_admin.hpp"
#include "transport/kafka/admin/topic_reader.hpp"
#include "transport/kafka/broker_here.hpp"
#include "transport/kafka/client/kafka_limits.hpp"
#include "transport/kafka/consume/kept_copy.hpp"
#include "transport/kafka/consume/member_client.hpp"
#include "transport/kafka/control/kafka_control.hpp"
#include "transport/kafka/format/commit_record.hpp"
#include "transport/kafka/format/control_message.hpp"
#include "transport/kafka/kafka_transport.hpp"
#include "transport/kafka/operate/replay_sender.hpp"

namespace tidings::kafka {
namespace {

constexpr std::size_t kEvents = 600;
constexpr std::chrono::seconds kQuiet{2};

class KafkaLimitsBrokerTest : public BrokerHere {
 protected:
  // So many in one partition, each with a key of its own.
  void publish(std::size_t events) {
    const NewTopic topic{.name = cluster().names().on_cluster("orders")};
    ASSERT_TRUE(create_topics(cluster(), {&topic, 1}));
    std::vector<transport::Record> records;
    for (std::size_t i = 0; i < events; ++i) {
      records.push_back({.topic = "orders", .key = std::to_string(i), .id = std::to_string(i), .body = "b"});
    }
    send(topic.name, records);
  }
  // Of a group `g`, for kEvents of them.
  void join() {
    publish(kEvents);
    const auto url =
        "kafka://" + cluster().options().brokers + "?commit_every=5ms&prefix=" + cluster().options().prefix;
    transport_ = open_kafka(transport::parse_url(url).value(), thread_executor()).value();
    join_again();
  }
  void join_again() {
    consumer_.reset();
    consumer_ = transport_->consumer({.group = "g", .instance = "one", .topic = "orders"}).value();
  }
  std::vector<std::uint64_t> receive(std::size_t max, Time deadline) {
    std::vector<std::uint64_t> tokens;
    while (tokens.size() < max && executor().now() < deadline) {
      const auto batch = consumer_->receive(max - tokens.size(), deadline);
      EXPECT_TRUE(batch) << batch.error().message;
      for (const auto& delivery : batch->deliveries) tokens.push_back(delivery.token);
    }
    return tokens;
  }
  Result<void> settle(std::uint64_t token, const transport::Outcome& outcome) {
    return settle_now(*consumer_, executor(), {{.token = token, .outcome = outcome}})[0];
  }
  // Much later, after a failure that has much to say.
  transport::Retry retry() {
    const Time now = executor().now();
    return {.attempts = {.failed = 1,
                         .due = now + std::chrono::hours{1},
                         .first_failed = now,
                         .last_error = std::string(transport::kErrorTextMax, 'e')}};
  }

  std::unique_ptr<transport::Transport> transport_;
  std::unique_ptr<transport::Consumer> consumer_;
};

TEST_F(KafkaLimitsBrokerTest, OneControlRecordMoreIsRefused) {
  KafkaControl control{std::make_shared<ControlLog>(open()), ControlSpace::users};
  ASSERT_TRUE(control.put("known", "1", {}));
  const std::string topic = cluster().names().control();
  for (std::size_t there = 1; there < kControlRecordsMax;) {
    std::vector<transport::Record> records;
    for (; there < kControlRecordsMax && records.size() < kControlRecordsMax / 4; ++there) {
      records.push_back(record_of({.key = "c/" + std::to_string(there), .value = ""}, topic));
    }
    send(topic, records);
  }
  ASSERT_EQ(control.list("").value().size(), kControlRecordsMax);
  const auto refused = control.put("new", "1", {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::overloaded);
  EXPECT_TRUE(control.put("known", "2", {}));
  EXPECT_TRUE(control.put("known", std::nullopt, {}));
  EXPECT_EQ(control.put("new", "1", {}).error().kind, ErrorKind::overloaded) << "what is erased is remembered";
  EXPECT_TRUE(control.put("known", "3", {}));
}

// Each transaction ends with a mark in the topic, which is no record.
TEST_F(KafkaLimitsBrokerTest, MoreSettlementsThanATransactionTakesAreTwoOfThem) {
  static_assert(kEvents > kTransactionOrdersMax && kEvents < 2 * kTransactionOrdersMax);
  join();
  std::vector<transport::Settlement> burials;
  for (const std::uint64_t token : receive(kEvents, soon())) {
    burials.push_back({.token = token, .outcome = transport::Bury{.reason = "rejected", .error = "e"}});
  }
  for (const Result<void>& outcome : settle_now(*consumer_, executor(), burials)) ASSERT_TRUE(outcome);
  const std::string topic = cluster().names().dead_letters("orders");
  std::vector<std::int64_t> offsets;
  ASSERT_TRUE(read_range(cluster(), whole(cluster(), {&topic, 1}).value(), [&](const auto& message) {
    offsets.push_back(message.offset);
    return true;
  }));
  ASSERT_EQ(offsets.size(), kEvents);
  EXPECT_EQ(offsets[kTransactionOrdersMax - 1] - offsets.front(), kTransactionOrdersMax - 1);
  EXPECT_EQ(offsets[kTransactionOrdersMax] - offsets.front(), kTransactionOrdersMax + 1);
  EXPECT_EQ(offsets.back() - offsets.front(), kEvents) << "one mark between them";
}

// What is sent is not confirmed for a while, for it waits for more.
TEST_F(KafkaLimitsBrokerTest, AReplayWaitsUntilWhatItHasSentIsConfirmed) {
  KafkaOptions options = cluster().options();
  options.linger = std::chrono::seconds{1};
  ReplaySender sender{Cluster::open(options, thread_executor()).value()};
  ASSERT_TRUE(sender.open());
  const std::string topic = prepare_retries(cluster(), "g", "orders").value();
  const auto end = [&] { return cluster().offsets({{topic, 0, 0}}, Bound::latest).value().front().offset; };
  const Time begin = executor().now();
  const auto one_more = [&] {
    return sender.send({.topic = "orders", .body = "b"}, {.group = "g", .subscription = "orders"});
  };
  for (std::size_t i = 0; i < kReplaysUnderWayMax; ++i) ASSERT_TRUE(one_more());
  EXPECT_TRUE(end() == 0 || executor().now() > begin + options.linger) << "it did not wait yet";
  ASSERT_TRUE(one_more());
  EXPECT_GT(end(), 0);
  EXPECT_TRUE(sender.finish());
  EXPECT_EQ(end(), kReplaysUnderWayMax + 1);
}

TEST_F(KafkaLimitsBrokerTest, TakesSoManyMessagesOfAPartitionAtOnce) {
  publish(2 * kFetchMax);
  const std::string topic = cluster().names().on_cluster("orders");
  auto made = cluster().client(RD_KAFKA_CONSUMER, {{"group.id", "nobody"}});
  ASSERT_TRUE(made) << made.error().message;
  const std::shared_ptr<rd_kafka_t> client{made->release(), rd_kafka_destroy};
  Bell bell{executor()};
  PartitionQueue queue{
      client, topic, {.topic = "orders", .partition = 0}, Fetched::Kind::events, WhenExpired::beginning, bell};
  const PartitionListHandle partitions = partition_list();
  rd_kafka_topic_partition_list_add(partitions.get(), topic.c_str(), 0)->offset = 0;
  ASSERT_EQ(rd_kafka_assign(client.get(), partitions.get()), RD_KAFKA_RESP_ERR_NO_ERROR);
  const QueueHandle fetched{rd_kafka_queue_get_partition(client.get(), topic.c_str(), 0)};
  const Time deadline = soon();
  while (rd_kafka_queue_length(fetched.get()) < 2 * kFetchMax && executor().now() < deadline) {
    bell.wait(bell.rings(), executor().now() + kTick);
  }
  for (std::int64_t first : {0, 500}) {
    const auto taken = queue.take(2 * kFetchMax);
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->records().size(), kFetchMax);
    EXPECT_EQ(taken->records().front().offset, first);
    EXPECT_EQ(taken->records().front().record.topic, "orders") << "in our words";
  }
  EXPECT_FALSE(queue.take(1));
}

TEST_F(KafkaLimitsBrokerTest, TopicsForCopiesTakeWhatIsAddedToThem) {
  for (const std::string& topic : {cluster().names().dead_letters("orders"), cluster().names().retry("g", "orders")}) {
    ASSERT_TRUE(ensure_own_topic(cluster(), topic));
    EXPECT_EQ(config_of(cluster(), topic).value().at("max.message.bytes"), std::to_string(kMessageBytesMax)) << topic;
  }
}

// Each strict retry that waits stands in the commit.
TEST_F(KafkaLimitsBrokerTest, WhereManyRetriesWaitNothingMoreComesUntilSomeAreSettled) {
  join();
  std::vector<std::uint64_t> waiting;
  while (waiting.size() < kEvents) {
    const auto one = receive(1, executor().now() + (waiting.empty() ? std::chrono::seconds{20} : kQuiet));
    if (one.empty()) break;
    ASSERT_TRUE(settle(one[0], retry()));
    waiting.push_back(one[0]);
  }
  EXPECT_GT(waiting.size(), kCommitMetadataMax / (2 * kRetryMetadataMax)) << "long errors are cut";
  EXPECT_LT(waiting.size(), kEvents);
  for (const std::uint64_t token : waiting) ASSERT_TRUE(settle(token, transport::Accept{}));
  EXPECT_EQ(receive(1, soon()).size(), 1u);
}

// Who has the partition next gets them all, for they stand in the commit already.
TEST_F(KafkaLimitsBrokerTest, ManyRetriesThatWaitComeToTheNextOwner) {
  join();
  std::size_t waiting = 0;
  for (auto one = receive(1, soon()); !one.empty(); one = receive(1, executor().now() + kQuiet)) {
    ASSERT_TRUE(settle(one[0], retry()));
    ++waiting;
  }
  ASSERT_LT(waiting, kEvents);
  join_again();
  EXPECT_EQ(receive(waiting, soon()).size(), waiting);
}

// Those that are in handlers by then.
TEST_F(KafkaLimitsBrokerTest, ARetryForWhichTheCommitHasNoRoomIsRefusedForNow) {
  join();
  const auto tokens = receive(kEvents, soon());
  ASSERT_EQ(tokens.size(), kEvents);
  std::size_t waiting = 0;
  Result<void> last;
  while (waiting < kEvents && (last = settle(tokens[waiting], retry()))) ++waiting;
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().kind, ErrorKind::overloaded);
  EXPECT_GT(waiting, kCommitMetadataMax / (2 * kRetryMetadataMax)) << "long errors are cut";
  EXPECT_TRUE(settle(tokens[0], retry())) << "it waits already: the next failure takes its place";
  for (std::size_t i = 0; i < waiting; ++i) ASSERT_TRUE(settle(tokens[i], transport::Accept{}));
  last = settle(tokens[waiting], retry());
  EXPECT_TRUE(last) << last.error().message;
}

// What is settled between them takes room, too.
TEST_F(KafkaLimitsBrokerTest, WhatIsSettledBetweenManyRetriesIsCommitted) {
  join();
  const auto tokens = receive(kEvents, soon());
  ASSERT_EQ(tokens.size(), kEvents);
  std::vector<transport::Settlement> retries, others;
  for (std::size_t i = 0; i < kEvents; i += 2) retries.push_back({.token = tokens[i], .outcome = retry()});
  for (std::size_t i = 1; i < kEvents; i += 2) others.push_back({.token = tokens[i], .outcome = transport::Accept{}});
  std::size_t waiting = 0;
  for (const Result<void>& outcome : settle_now(*consumer_, executor(), retries)) waiting += outcome ? 1 : 0;
  EXPECT_GT(waiting, kCommitMetadataMax / (2 * kRetryMetadataMax));
  EXPECT_LT(waiting, retries.size());
  for (const Result<void>& outcome : settle_now(*consumer_, executor(), others)) EXPECT_TRUE(outcome);
}

}  // namespace
}  // namespace tidings::kafka
