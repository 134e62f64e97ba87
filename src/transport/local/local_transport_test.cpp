#include "transport/local/local_transport.hpp"

#include <gtest/gtest.h>

#include <future>
#include <map>
#include <numeric>

#include "tests/support/scratch_directory.hpp"
#include "transport/local/storage/limits.hpp"

namespace tidings::local {
namespace {

using namespace std::chrono_literals;
using transport::Accept;
using transport::Batch;
using transport::Consumer;
using transport::Delivery;
using transport::Record;
using transport::Settlement;
using transport::SubscriptionSpec;
using transport::Transport;
using transport::Url;

class LocalTransportTest : public ::testing::Test {
 protected:
  std::unique_ptr<Transport> open() {
    auto opened = open_local(Url{.scheme = "local", .path = scratch_ / "store"}, executor_);
    EXPECT_TRUE(opened) << opened.error().message;
    return *std::move(opened);
  }

  static void declare(Transport& transport, const std::string& topic, const std::string& type = "OrderCreated") {
    const auto declared = transport.declare({.topics = {{.name = topic}}, .published = {{type, topic}}});
    ASSERT_TRUE(declared) << declared.error().message;
  }

  void publish(Transport& transport, std::vector<Record> records) {
    const auto publisher = *transport.publisher({});
    std::atomic<std::size_t> confirmed = 0;
    publisher->send(std::move(records), [&](std::size_t, Result<void> outcome) {
      EXPECT_TRUE(outcome) << outcome.error().message;
      ++confirmed;
    });
    EXPECT_TRUE(publisher->flush(soon()));
  }

  std::vector<Delivery> receive(Consumer& consumer, std::size_t count) {
    std::vector<Delivery> deliveries;
    while (deliveries.size() < count && executor_->now() < start_ + 20s) {
      auto batch = consumer.receive(count - deliveries.size(), soon());
      EXPECT_TRUE(batch) << batch.error().message;
      if (!batch) break;
      std::move(batch->deliveries.begin(), batch->deliveries.end(), std::back_inserter(deliveries));
    }
    EXPECT_EQ(deliveries.size(), count);
    return deliveries;
  }

  void accept(Consumer& consumer, const std::vector<Delivery>& deliveries) {
    std::vector<Settlement> settlements;
    for (const Delivery& delivery : deliveries) settlements.push_back({.token = delivery.token, .outcome = Accept{}});
    for (const auto& result : settle_now(consumer, *executor_, std::move(settlements)))
      EXPECT_TRUE(result) << result.error().message;
  }

  std::unique_ptr<Consumer> join(Transport& transport, const SubscriptionSpec& spec) {
    auto consumer = transport.consumer(spec);
    EXPECT_TRUE(consumer) << consumer.error().message;
    return *std::move(consumer);
  }

  Time soon() const { return executor_->now() + 5s; }

  testing::ScratchDirectory scratch_;
  std::shared_ptr<Executor> executor_ = thread_executor();
  const Time start_ = executor_->now();
};

Record record(const std::string& topic, const std::string& key, const std::string& body) {
  return {.topic = topic,
          .key = key,
          .id = "id-" + body,
          .type = "OrderCreated",
          .correlation_id = "story",
          .content_type = "application/json",
          .time = Time{123456us},
          .headers = {{"a", "1"}, {"b", std::nullopt}, {"a", ""}},
          .broker_fields = "opaque",
          .body = body};
}

// P9: what one delivery keeps in memory, as long as it stays.
TEST_F(LocalTransportTest, ADeliveryKeepsLittleMoreThanItself) {
  constexpr std::size_t kBytes = 10'000;
  const auto transport = open();
  declare(*transport, "orders");
  std::vector<Record> records;
  for (int i = 0; i < 40; ++i)
    records.push_back({.topic = "orders", .key = std::to_string(i), .body = std::string(kBytes, 'x')});
  records.push_back({.topic = "orders", .key = "large", .body = std::string(20 * kBytes, 'x')});
  publish(*transport, std::move(records));
  const auto consumer = join(*transport, {.group = "g", .topic = "orders"});
  std::map<const void*, std::vector<std::size_t>> blocks;
  for (const Delivery& delivery : receive(*consumer, 41)) {
    EXPECT_EQ(delivery.record.body->find_first_not_of('x'), std::string::npos);
    blocks[delivery.memory.get()].push_back(delivery.record.body->size());
  }
  EXPECT_LT(blocks.size(), 20u) << "small ones share";
  for (const auto& [block, sizes] : blocks) {
    const std::size_t bytes = std::accumulate(sizes.begin(), sizes.end(), std::size_t{0});
    EXPECT_TRUE(bytes <= kArenaBytes || sizes.size() == 1) << bytes;
  }
}

TEST_F(LocalTransportTest, HandsOutWhatWasPublishedUnchanged) {
  const auto transport = open();
  declare(*transport, "orders");
  const Record first = record("orders", "k", "1");
  const Record bare{.topic = "orders"};
  publish(*transport, {first, bare});
  const auto consumer = join(*transport, {.group = "g", .topic = "orders"});
  auto deliveries = receive(*consumer, 2);
  ASSERT_EQ(deliveries.size(), 2u);
  EXPECT_EQ(transport::to_record(deliveries[0].record), first);
  EXPECT_EQ(transport::to_record(deliveries[1].record), bare);
  EXPECT_EQ(deliveries[0].partition.topic, "orders");
  accept(*consumer, deliveries);
}

TEST_F(LocalTransportTest, GoesOnAfterWhatWasSettled) {
  {
    const auto transport = open();
    declare(*transport, "orders");
    publish(*transport, {record("orders", "a", "1"), record("orders", "b", "2"), record("orders", "c", "3")});
    const auto consumer = join(*transport, {.group = "g", .topic = "orders"});
    auto deliveries = receive(*consumer, 3);
    std::erase_if(deliveries, [](const Delivery& delivery) { return delivery.record.id == "id-2"; });
    accept(*consumer, deliveries);
  }
  const auto transport = open();
  const auto consumer = join(*transport, {.group = "g", .topic = "orders"});
  const auto deliveries = receive(*consumer, 1);
  ASSERT_EQ(deliveries.size(), 1u);
  EXPECT_EQ(deliveries[0].record.id, "id-2");
  EXPECT_TRUE(consumer->receive(1, executor_->now())->deliveries.empty());
}

// P10: who leaves while partitions are being claimed for it must not keep them.
TEST_F(LocalTransportTest, WhoLeavesAtOnceKeepsNothing) {
  constexpr int kComings = 200;
  const auto transport = open();
  declare(*transport, "orders");
  for (int i = 0; i < kComings; ++i) join(*transport, {.group = "g", .topic = "orders"});
  publish(*transport, {record("orders", "a", "1"), record("orders", "b", "2"), record("orders", "c", "3")});
  const auto consumer = join(*transport, {.group = "g", .topic = "orders"});
  EXPECT_EQ(receive(*consumer, 3).size(), 3u);
}

TEST_F(LocalTransportTest, ReadsByPatternWhatIsDeclaredLater) {
  const auto transport = open();
  const auto consumer = join(*transport, {.group = "g", .pattern = "order.*"});
  declare(*transport, "orders");
  declare(*transport, "payments", "PaymentCompleted");
  publish(*transport, {record("payments", "a", "1"), record("orders", "b", "2")});
  const auto deliveries = receive(*consumer, 1);
  ASSERT_EQ(deliveries.size(), 1u);
  EXPECT_EQ(deliveries[0].record.id, "id-2");
}

TEST_F(LocalTransportTest, PublishesWithTheSettlement) {
  const auto transport = open();
  declare(*transport, "orders");
  publish(*transport, {record("orders", "a", "1")});
  const auto consumer = join(*transport, {.group = "g", .topic = "orders"});
  const auto deliveries = receive(*consumer, 1);
  const auto results =
      settle_now(*consumer, *executor_,
                 {{.token = deliveries.at(0).token, .outcome = Accept{}, .publishes = {record("orders", "a", "2")}}});
  EXPECT_TRUE(results.at(0));
  EXPECT_EQ(receive(*consumer, 1).at(0).record.id, "id-2");
}

TEST_F(LocalTransportTest, SharesPartitionsBetweenMembers) {
  const auto transport = open();
  declare(*transport, "orders");
  const auto first = join(*transport, {.group = "g", .topic = "orders"});
  const auto count_assigned = [](const Batch& batch) {
    std::size_t count = 0;
    for (const auto& notice : batch.notices) {
      if (notice.kind == transport::Notice::Kind::assigned) count += notice.partitions.size();
    }
    return count;
  };
  EXPECT_EQ(count_assigned(*first->receive(1, soon())), 64u);
  const auto second = join(*transport, {.group = "g", .topic = "orders"});
  std::size_t assigned = 0;
  while (assigned < 32 && executor_->now() < start_ + 20s) assigned += count_assigned(*second->receive(1, soon()));
  EXPECT_EQ(assigned, 32u);
}

TEST_F(LocalTransportTest, RefusesAnUnknownTopic) {
  const auto transport = open();
  const auto publisher = *transport->publisher({});
  std::promise<ErrorKind> refused;
  publisher->send({record("nowhere", "a", "1")},
                  [&](std::size_t, Result<void> outcome) { refused.set_value(outcome.error().kind); });
  EXPECT_EQ(refused.get_future().get(), ErrorKind::invalid);
}

}  // namespace
}  // namespace tidings::local
