// P9: limits of the driver that a broker is needed for.
#include "tidings/transport/url.hpp"
#include "transport/kafka/broker_here.hpp"
#include "transport/kafka/commit_record.hpp"
#include "transport/kafka/kafka_limits.hpp"
#include "transport/kafka/kafka_transport.hpp"
#include "transport/kafka/own_topics.hpp"
#include "transport/kafka/topic_admin.hpp"

namespace tidings::kafka {
namespace {

constexpr std::size_t kEvents = 600;
constexpr std::chrono::seconds kQuiet{2};

class KafkaLimitsBrokerTest : public BrokerHere {
 protected:
  // Of a group `g`, for so many events of one partition, each with a key of its own.
  void join() {
    const NewTopic topic{.name = cluster().names().on_cluster("orders")};
    ASSERT_TRUE(create_topics(cluster(), {&topic, 1}));
    std::vector<transport::Record> records;
    for (std::size_t i = 0; i < kEvents; ++i) {
      records.push_back({.topic = "orders", .key = std::to_string(i), .id = std::to_string(i), .body = "b"});
    }
    send(topic.name, records);
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
