// C13: positions that are not there any more.
#include "tidings/transport/url.hpp"
#include "transport/kafka/admin/topic_admin.hpp"
#include "transport/kafka/admin/topic_reader.hpp"
#include "transport/kafka/broker_here.hpp"
#include "transport/kafka/client/kafka_limits.hpp"
#include "transport/kafka/consume/transactional_client.hpp"
#include "transport/kafka/kafka_transport.hpp"

namespace tidings::kafka {
namespace {

using transport::Notice;

// So that little lies in memory of what comes next.
const std::string kFetchesOneByOne = "&rdkafka.queued.min.messages=1&rdkafka.fetch.message.max.bytes=1";
const TopicConfig kCompacted{{"cleanup.policy", "compact"},
                             {"segment.ms", "100"},
                             {"min.cleanable.dirty.ratio", "0.01"},
                             {"max.compaction.lag.ms", "100"},
                             {"delete.retention.ms", "600000"}};

// One partition of `orders` with records 0, 1, 2...
class ExpiredBrokerTest : public BrokerHere {
 protected:
  void SetUp() override {
    BrokerHere::SetUp();
    if (IsSkipped()) return;
    topic_ = cluster().names().on_cluster("orders");
    make_topic();
    transport_ = open_transport("");
  }
  void make_topic() {
    const NewTopic topic{.name = topic_};
    const auto made = create_topics(cluster(), {&topic, 1});
    ASSERT_TRUE(made) << made.error().message;
  }
  std::unique_ptr<transport::Transport> open_transport(const std::string& more) {
    const auto url =
        "kafka://" + cluster().options().brokers + "?commit_every=5ms&prefix=" + cluster().options().prefix + more;
    auto opened = open_kafka(transport::parse_url(url).value(), thread_executor());
    EXPECT_TRUE(opened) << opened.error().message;
    return *std::move(opened);
  }
  std::unique_ptr<transport::Consumer> join(transport::Transport& transport) {
    auto joined = transport.consumer({.group = "g", .instance = "one", .topic = "orders"});
    EXPECT_TRUE(joined) << joined.error().message;
    return *std::move(joined);
  }
  void publish(int first, int count) {
    std::vector<transport::Record> records;
    for (int i = first; i < first + count; ++i) {
      records.push_back({.topic = "orders", .key = "k", .id = std::to_string(i), .body = "b"});
    }
    send(topic_, records);
  }
  // As retention does.
  void remove_before(std::int64_t offset) {
    const PartitionListHandle list = partition_list();
    rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), 0)->offset = offset;
    Owned<rd_kafka_DeleteRecords_t, rd_kafka_DeleteRecords_destroy> request{rd_kafka_DeleteRecords_new(list.get())};
    const auto done = cluster().request(RD_KAFKA_ADMIN_OP_DELETERECORDS, "remove records",
                                        [&](auto* client, auto* options, auto* queue) {
                                          rd_kafka_DeleteRecords_t* one = request.get();
                                          rd_kafka_DeleteRecords(client, &one, 1, options, queue);
                                        });
    ASSERT_TRUE(done) << done.error().message;
  }
  struct Seen {
    std::vector<std::string> ids;
    std::vector<std::string> nulls;
    std::vector<Notice> expired;
  };
  // Settles so many, one after another.
  Seen serve(transport::Consumer& consumer, std::size_t count) {
    return serve(consumer, [count](const Seen& seen) { return seen.ids.size() >= count; });
  }
  Seen serve(transport::Consumer& consumer, const std::function<bool(const Seen&)>& done) {
    Seen seen;
    const Time deadline = soon();
    while (!done(seen) && executor().now() < deadline) {
      const auto batch = consumer.receive(1, executor().now() + kTick);
      EXPECT_TRUE(batch) << batch.error().message;
      for (const Notice& notice : batch->notices) {
        if (notice.kind == Notice::Kind::expired) seen.expired.push_back(notice);
      }
      for (const transport::Delivery& delivery : batch->deliveries) {
        seen.ids.emplace_back(delivery.record.id);
        if (!delivery.record.body) seen.nulls.emplace_back(delivery.record.id);
        EXPECT_TRUE(settle_now(consumer, executor(), {{.token = delivery.token, .outcome = transport::Accept{}}})[0]);
      }
    }
    return seen;
  }
  // Publishes one after another, of another key, until of key `k` only the last one is left; the last id.
  std::optional<std::string> compact(int first) {
    const Time deadline = soon() + std::chrono::seconds{20};
    for (int id = first; executor().now() < deadline; ++id) {
      send(topic_, {{.topic = "orders", .key = "last", .id = std::to_string(id), .body = "b"}});
      std::size_t left = 0;
      const auto spans = whole(cluster(), {&topic_, 1});
      EXPECT_TRUE(read_range(cluster(), *spans, [&](const rd_kafka_message_t& message) {
        left += std::string_view{static_cast<const char*>(message.key), message.key_len} == "k" ? 1 : 0;
        return true;
      }));
      if (left == 1) return std::to_string(id);
      executor().sleep_until(executor().now() + kTick);
    }
    return std::nullopt;
  }
  std::uint64_t expired() {
    const auto lag = transport_->operations().topology->lag();
    EXPECT_TRUE(lag) << lag.error().message;
    return lag && lag->size() == 1 ? lag->front().expired : 0;
  }

  std::string topic_;
  std::unique_ptr<transport::Transport> transport_;
};

TEST_F(ExpiredBrokerTest, GoesOnAtTheBeginningAndSaysHowMuchIsGone) {
  publish(0, 10);
  EXPECT_EQ(serve(*join(*transport_), 3).ids, (std::vector<std::string>{"0", "1", "2"}));
  remove_before(7);
  EXPECT_EQ(expired(), 4u) << "3 to 6, before the group knows";
  const Seen seen = serve(*join(*transport_), 3);
  EXPECT_EQ(seen.ids, (std::vector<std::string>{"7", "8", "9"}));
  ASSERT_EQ(seen.expired.size(), 1u);
  EXPECT_EQ(seen.expired[0].records, 4u);
  ASSERT_EQ(seen.expired[0].partitions.size(), 1u);
  EXPECT_EQ(seen.expired[0].partitions[0], (transport::PartitionId{"orders", 0}));
  EXPECT_EQ(expired(), 4u) << "and after";
  publish(10, 1);
  EXPECT_TRUE(serve(*join(*transport_), 1).expired.empty()) << "it is said once";
  EXPECT_EQ(expired(), 4u);
}

TEST_F(ExpiredBrokerTest, GoesOnAtTheEndWhereTheUrlSaysSo) {
  publish(0, 10);
  EXPECT_EQ(serve(*join(*transport_), 3).ids.size(), 3u);
  remove_before(7);
  const auto other = open_transport("&when_expired=end");
  const auto consumer = join(*other);
  const auto batch = consumer->receive(1, soon());  // the notices
  ASSERT_TRUE(batch) << batch.error().message;
  publish(10, 1);
  EXPECT_EQ(serve(*consumer, 1).ids, std::vector<std::string>{"10"});
  EXPECT_EQ(expired(), 7u) << "what it left out is counted, too";
}

TEST_F(ExpiredBrokerTest, WhatIsThereIsNotSkipped) {
  publish(0, 10);
  EXPECT_EQ(serve(*join(*transport_), 5).ids.size(), 5u);
  remove_before(5);
  const Seen seen = serve(*join(*transport_), 5);
  EXPECT_EQ(seen.ids, (std::vector<std::string>{"5", "6", "7", "8", "9"}));
  EXPECT_TRUE(seen.expired.empty());
  EXPECT_EQ(expired(), 0u);
}

// Of a topic that was made anew by a copy of the cluster, say, or of a log that was cut.
TEST_F(ExpiredBrokerTest, APositionBehindTheEndGoesOnAtTheBeginning) {
  publish(0, 2);
  const auto client = cluster().client(RD_KAFKA_CONSUMER, {{"group.id", cluster().names().on_cluster("g")}});
  ASSERT_TRUE(client) << client.error().message;
  const auto list = partition_list();
  rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), 0)->offset = 100;
  ASSERT_EQ(rd_kafka_commit(client->get(), list.get(), 0), RD_KAFKA_RESP_ERR_NO_ERROR);
  const Seen seen = serve(*join(*transport_), 2);
  EXPECT_EQ(seen.ids, (std::vector<std::string>{"0", "1"}));
  EXPECT_EQ(seen.expired.size(), 1u);
}

// Null values are events like others: who deletes by them says so.
TEST_F(ExpiredBrokerTest, ATombstoneReachesTheHandlerAsNull) {
  send(topic_, {{.topic = "orders", .key = "k", .id = "0", .body = std::nullopt}});
  const auto consumer = join(*transport_);
  const Time deadline = soon();
  while (executor().now() < deadline) {
    const auto batch = consumer->receive(1, deadline);
    ASSERT_TRUE(batch) << batch.error().message;
    if (batch->deliveries.empty()) continue;
    EXPECT_EQ(batch->deliveries[0].record.key, "k");
    EXPECT_FALSE(batch->deliveries[0].record.body);
    return;
  }
  FAIL() << "nothing came";
}

// Compaction and the markers of transactions leave offsets out: they are no loss.
TEST_F(ExpiredBrokerTest, GapsAreNoLoss) {
  for (int i = 0; i < 3; ++i) {
    const auto client = TransactionalClient::open(cluster(), topic_ + ".test");
    ASSERT_TRUE(client) << client.error().message;
    const Message message{.topic = topic_,
                          .record = {.topic = "orders", .key = "k", .id = std::to_string(i), .body = "b"},
                          .copy = {},
                          .partition = 0};
    const Message* one = &message;
    ASSERT_TRUE((*client)->run({&one, 1}, nullptr).result);
  }
  for (int i = 0; i < 3; ++i) {
    const Seen seen = serve(*join(*transport_), 1);
    EXPECT_EQ(seen.ids, std::vector<std::string>{std::to_string(i)});
    EXPECT_TRUE(seen.expired.empty());
  }
  EXPECT_EQ(expired(), 0u);
}

// A member that is so far behind that retention overtakes it.
TEST_F(ExpiredBrokerTest, WhatRetentionTakesFromUnderAMemberIsToldAndCounted) {
  const auto slow = open_transport(kFetchesOneByOne);
  const auto consumer = join(*slow);
  for (int i = 0; i < 10; ++i) publish(i, 1);  // a batch each
  const Seen before = serve(*consumer, 1);
  EXPECT_TRUE(before.expired.empty());
  remove_before(8);
  const Seen after = serve(*consumer, [](const Seen& seen) { return !seen.ids.empty() && seen.ids.back() == "9"; });
  const std::vector<std::string> last{after.ids.end() - 2, after.ids.end()};
  EXPECT_EQ(last, (std::vector<std::string>{"8", "9"}));
  const std::size_t lost = 10 - before.ids.size() - after.ids.size();
  EXPECT_GT(lost, 0u) << "what was fetched before is there still, no more";
  ASSERT_EQ(after.expired.size(), 1u);
  EXPECT_EQ(after.expired[0].records, lost);
  EXPECT_EQ(after.expired[0].partitions, (std::vector{transport::PartitionId{"orders", 0}}));
  const Time deadline = soon();
  while (expired() != lost && executor().now() < deadline) (void)serve(*consumer, 0);
  EXPECT_EQ(expired(), lost);
  publish(10, 1);
  EXPECT_TRUE(serve(*consumer, 1).expired.empty()) << "it is said once";
}

TEST_F(ExpiredBrokerTest, AMemberGoesOnAtTheEndWhereTheUrlSaysSo) {
  const auto slow = open_transport(kFetchesOneByOne + "&when_expired=end");
  const auto consumer = join(*slow);
  for (int i = 0; i < 10; ++i) publish(i, 1);
  EXPECT_EQ(serve(*consumer, 1).ids.size(), 1u);
  remove_before(8);
  int next = 10;  // until it has found out
  const Seen after = serve(*consumer, [&](const Seen& seen) {
    publish(next++, 1);
    return !seen.expired.empty();
  });
  ASSERT_EQ(after.expired.size(), 1u);
  EXPECT_GE(after.expired[0].records, 2u) << "8 and 9 are there, and left out";
  for (const std::string id : {"8", "9"}) EXPECT_THAT(after.ids, ::testing::Not(::testing::Contains(id)));
}

// Compaction keeps the last record of each key: what it took is no loss, and what deletes a key comes as a null value.
TEST_F(ExpiredBrokerTest, ACompactedTopicLeavesOutNothingThatCounts) {
  publish(0, 10);  // all of one key
  EXPECT_EQ(serve(*join(*transport_), 2).ids, (std::vector<std::string>{"0", "1"}));
  ASSERT_TRUE(set_config(cluster(), topic_, kCompacted));
  send(topic_, {{.topic = "orders", .key = "other", .id = "10", .body = std::nullopt}});
  send(topic_, {{.topic = "orders", .key = "k", .id = "11", .body = "b"}});
  const auto last = compact(12);
  ASSERT_TRUE(last) << "the broker does not compact it";
  const Seen seen =
      serve(*join(*transport_), [&](const Seen& so_far) { return !so_far.ids.empty() && so_far.ids.back() == *last; });
  ASSERT_GT(seen.ids.size(), 2u);
  EXPECT_EQ(seen.ids[0], "10") << "2 to 9 are no more";
  EXPECT_EQ(seen.ids[1], "11");
  EXPECT_EQ(seen.nulls, std::vector<std::string>{"10"});
  EXPECT_TRUE(seen.expired.empty());
  EXPECT_EQ(expired(), 0u);
}

}  // namespace
}  // namespace tidings::kafka
