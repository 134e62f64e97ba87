#include <fmt/format.h>

#include "transport/kafka/admin/topic_admin.hpp"
#include "transport/kafka/admin/topic_reader.hpp"
#include "transport/kafka/broker_here.hpp"
#include "transport/kafka/publish/producer.hpp"

namespace tidings::kafka {
namespace {

using transport::PublisherOptions;

class ProducerBrokerTest : public BrokerHere {
 protected:
  std::string make_topic(std::int32_t partitions = 1) {
    const std::string name = cluster().names().on_cluster("orders");
    const NewTopic topic{.name = name, .partitions = partitions, .config = {}};
    const auto made = create_topics(cluster(), {&topic, 1});
    EXPECT_TRUE(made) << made.error().message;
    return name;
  }
  std::shared_ptr<Producer> producer(const PublisherOptions& options = {}) {
    auto opened = Producer::open(shared_cluster(), options);
    EXPECT_TRUE(opened) << opened.error().message;
    return opened.value();
  }
  // Bodies are numbers from `first` on; outcomes stand in the order of the answers.
  std::vector<Message> numbered(const std::string& topic, int first, int count) {
    std::vector<Message> messages;
    for (int i = first; i < first + count; ++i) {
      messages.push_back({.topic = topic,
                          .record = {.topic = topic, .key = "k", .body = std::to_string(i)},
                          .copy = {},
                          .partition = {},
                          .answered = [this](Result<void> outcome) {
                            const std::lock_guard lock{mutex_};
                            outcomes_.push_back(std::move(outcome));
                          }});
    }
    return messages;
  }
  std::vector<Result<void>> outcomes() {
    const std::lock_guard lock{mutex_};
    return outcomes_;
  }
  // Of each message: its partition and its body.
  std::vector<std::pair<std::int32_t, std::string>> read(const std::string& topic) {
    std::vector<std::pair<std::int32_t, std::string>> found;
    const auto spans = whole(cluster(), {&topic, 1}).value();
    EXPECT_TRUE(read_range(cluster(), spans, [&](const rd_kafka_message_t& message) {
      found.emplace_back(message.partition, std::string{static_cast<const char*>(message.payload), message.len});
      return true;
    }));
    return found;
  }

 private:
  std::mutex mutex_;
  std::vector<Result<void>> outcomes_;
};

TEST_F(ProducerBrokerTest, SendsAgainInOrderWhenTheClientIsRefusedForGood) {
  constexpr int kBatches = 20;
  constexpr int kEach = 50;
  const std::string topic = make_topic();
  const auto to = producer();
  for (int i = 0; i < kBatches; ++i) {
    to->send(numbered(topic, i * kEach, kEach));
    if (i % 8 == 4) to->break_client();
  }
  const auto flushed = to->flush(soon());
  ASSERT_TRUE(flushed) << flushed.error().message;
  const auto answers = outcomes();
  ASSERT_EQ(answers.size(), std::size_t{kBatches * kEach});
  for (const auto& answer : answers) ASSERT_TRUE(answer) << answer.error().message;
  // Each is there; what is there twice stands behind none that was sent after it, at its first place.
  int next = 0;
  for (const auto& [partition, body] : read(topic)) {
    const int number = std::stoi(body);
    ASSERT_LE(number, next);
    if (number == next) ++next;
  }
  EXPECT_EQ(next, kBatches * kEach);
}

TEST_F(ProducerBrokerTest, RefusesAtOnceBeyondItsLimits) {
  const std::string topic = make_topic();
  const auto few = producer({.buffer_records_max = 3});
  few->send(numbered(topic, 0, 5));
  const auto refused = outcomes();
  ASSERT_GE(refused.size(), 2u);
  EXPECT_EQ(refused[0].error().kind, ErrorKind::overloaded);
  EXPECT_THAT(refused[0].error().message, ::testing::HasSubstr("buffer_records_max"));
  EXPECT_TRUE(few->flush(soon()));
  EXPECT_EQ(outcomes().size(), 5u);
  few->send(numbered(topic, 5, 1));
  EXPECT_TRUE(few->flush(soon()));
  EXPECT_TRUE(outcomes().back());
  const auto small = producer({.buffer_bytes_max = 4});
  small->send(numbered(topic, 0, 1));
  EXPECT_EQ(outcomes().back().error().kind, ErrorKind::overloaded);
}

TEST_F(ProducerBrokerTest, SaysThatATopicIsNotThere) {
  const auto to = producer();
  to->send(numbered(cluster().names().on_cluster("nowhere"), 0, 1));
  ASSERT_TRUE(to->flush(soon()));
  ASSERT_EQ(outcomes().size(), 1u);
  ASSERT_FALSE(outcomes()[0]);
  EXPECT_EQ(outcomes()[0].error().kind, ErrorKind::invalid) << outcomes()[0].error().message;
}

TEST_F(ProducerBrokerTest, AnswersEachOnceWhenItIsClosedInHaste) {
  const std::string topic = make_topic();
  {
    const auto to = producer();
    to->send(numbered(topic, 0, 500));
    to->close(executor().now());
    EXPECT_EQ(outcomes().size(), 500u);
    to->send(numbered(topic, 500, 1));
    ASSERT_EQ(outcomes().size(), 501u);
    EXPECT_EQ(outcomes().back().error().kind, ErrorKind::unavailable);
  }
  EXPECT_EQ(outcomes().size(), 501u);
}

TEST_F(ProducerBrokerTest, AFlushThatIsGivenNoTimeSaysWhatItWaitedFor) {
  const std::string topic = make_topic();
  const auto to = producer();
  to->send(numbered(topic, 0, 10));
  const auto flushed = to->flush(executor().now());
  ASSERT_FALSE(flushed);
  EXPECT_EQ(flushed.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(flushed.error().message, ::testing::HasSubstr(topic));
  EXPECT_TRUE(to->flush(soon()));
  EXPECT_EQ(outcomes().size(), 10u);
}

// The topic takes less than we do. What was sent with it must not wait for ever.
TEST_F(ProducerBrokerTest, SaysThatTheTopicTakesNothingSoLarge) {
  const std::string topic = cluster().names().on_cluster("small");
  const NewTopic small{.name = topic, .partitions = 1, .config = {{"max.message.bytes", "1000"}}};
  ASSERT_TRUE(create_topics(cluster(), {&small, 1}));
  const auto to = producer();
  auto large = numbered(topic, 0, 1);
  for (int i = 0; i < 5'000; ++i) large[0].record.body->push_back(static_cast<char>(executor().random() & 0x7f));
  to->send(std::move(large));
  ASSERT_TRUE(to->flush(soon()));
  to->send(numbered(topic, 1, 3));
  ASSERT_TRUE(to->flush(soon()));
  const auto answers = outcomes();
  ASSERT_EQ(answers.size(), 4u);
  ASSERT_FALSE(answers[0]);
  EXPECT_EQ(answers[0].error().kind, ErrorKind::invalid);
  EXPECT_THAT(answers[0].error().message, ::testing::HasSubstr("max.message.bytes"));
  for (std::size_t i = 1; i < answers.size(); ++i) EXPECT_TRUE(answers[i]) << answers[i].error().message;
}

TEST_F(ProducerBrokerTest, KeepsWhatIsNullAndWhatIsEmptyApart) {
  const std::string topic = make_topic();
  send(topic, {{.topic = topic}, {.topic = topic, .key = "", .body = ""}});
  std::vector<std::pair<bool, bool>> nulls;
  const auto spans = whole(cluster(), {&topic, 1}).value();
  ASSERT_TRUE(read_range(cluster(), spans, [&](const rd_kafka_message_t& message) {
    nulls.emplace_back(message.key == nullptr, message.payload == nullptr);
    return true;
  }));
  EXPECT_THAT(nulls, ::testing::ElementsAre(std::pair{true, true}, std::pair{false, false}));
}

// So many of them go to more than one partition, by chance.
TEST_F(ProducerBrokerTest, SpreadsWhatHasNoKey) {
  const std::string topic = make_topic(7);
  std::set<std::int32_t> partitions;
  for (int round = 0; round < 50 && partitions.size() < 2; ++round) {
    send(topic, {{.topic = topic, .body = "x"}});
    for (const auto& [partition, body] : read(topic)) partitions.insert(partition);
  }
  EXPECT_GE(partitions.size(), 2u);
}

// Hashes as in Kafka's own UtilsTest.testMurmur2; the last two by its Utils.murmur2.
TEST_F(ProducerBrokerTest, ChoosesThePartitionThatTheJavaClientChooses) {
  constexpr std::int32_t kPartitions = 7;
  const std::vector<std::pair<std::string, std::int32_t>> known{
      {"21", -973932308},
      {"foobar", -790332482},
      {"a-little-bit-long-string", -985981536},
      {"a-little-bit-longer-string", -1486304829},
      {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
      {"abc", 479470107},
      {"", 275646681},
      {"\xff\xfe\xfd\xfc\xfb", 524068735}};
  const std::string topic = make_topic(kPartitions);
  std::vector<transport::Record> records;
  for (const auto& [key, hash] : known) records.push_back({.topic = topic, .key = key, .body = key});
  send(topic, records);
  const auto found = read(topic);
  ASSERT_EQ(found.size(), known.size());
  for (const auto& [partition, body] : found) {
    const auto expected = std::ranges::find(known, body, &std::pair<std::string, std::int32_t>::first);
    ASSERT_NE(expected, known.end());
    EXPECT_EQ(partition, (expected->second & 0x7fffffff) % kPartitions) << body;
  }
}

}  // namespace
}  // namespace tidings::kafka
