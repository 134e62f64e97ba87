#include "transport/kafka/client/kafka_options.hpp"

#include <gmock/gmock.h>

namespace tidings::kafka {
namespace {

using ::testing::HasSubstr;

Result<KafkaOptions> read(const std::string& url) {
  return options_from(transport::parse_url(url).value());
}

TEST(KafkaOptionsTest, TakesWhatTheUrlSays) {
  const auto options = read(
      "kafka://one,two:9093?prefix=p.&create_topics=yes&partitions=4&replication=3&linger=0ms&compression=lz4"
      "&session_timeout=6s&revoke_within=1s&commit_every=5ms&suspect_window=64&rdkafka.batch.size=1000");
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->brokers, "one:9092,two:9093");
  EXPECT_EQ(options->prefix, "p.");
  EXPECT_EQ(options->create_topics, CreateTopics::yes);
  EXPECT_EQ(options->partitions, 4);
  EXPECT_EQ(options->replication, 3);
  EXPECT_EQ(options->linger, Duration::zero());
  EXPECT_EQ(options->compression, "lz4");
  EXPECT_EQ(options->session_timeout, std::chrono::seconds{6});
  EXPECT_EQ(options->revoke_within, std::chrono::seconds{1});
  EXPECT_EQ(options->commit_every, std::chrono::milliseconds{5});
  EXPECT_EQ(options->suspect_window, 64u);
  EXPECT_EQ(options->rdkafka.at("batch.size"), "1000");
}

TEST(KafkaOptionsTest, RefusesWhatAPromiseRestsOnWithTheReason) {
  for (const char* name : {"acks",
                           "request.required.acks",
                           "enable.idempotence",
                           "enable.gapless.guarantee",
                           "max.in.flight.requests.per.connection",
                           "max.in.flight",
                           "retries",
                           "message.send.max.retries",
                           "message.timeout.ms",
                           "delivery.timeout.ms",
                           "delivery.report.only.error",
                           "enabled_events",
                           "queuing.strategy",
                           "partitioner",
                           "enable.auto.commit",
                           "enable.auto.offset.store",
                           "auto.offset.reset",
                           "partition.assignment.strategy",
                           "group.id",
                           "group.instance.id",
                           "transactional.id",
                           "isolation.level",
                           "bootstrap.servers",
                           "metadata.broker.list",
                           "linger.ms",
                           "queue.buffering.max.ms",
                           "compression.codec",
                           "compression.type",
                           "session.timeout.ms"}) {
    const auto options = read(std::string{"kafka://here?rdkafka."} + name + "=1");
    ASSERT_FALSE(options) << name;
    EXPECT_EQ(options.error().kind, ErrorKind::invalid);
    EXPECT_THAT(options.error().message, HasSubstr(std::string{"'rdkafka."} + name + "' cannot be set: "));
  }
  EXPECT_THAT(read("kafka://here?rdkafka.acks=1").error().message, HasSubstr("all replicas in sync"));
}

TEST(KafkaOptionsTest, HaveTheDefaultsThatTheHelpNames) {
  const auto options = read("kafka://here");
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->brokers, "here:9092");
  EXPECT_EQ(options->prefix, "");
  EXPECT_EQ(options->create_topics, CreateTopics::no);
  EXPECT_EQ(options->partitions, 12);
  EXPECT_EQ(options->replication, -1);
  EXPECT_EQ(options->linger, std::chrono::milliseconds{5});
  EXPECT_EQ(options->compression, "snappy");
  EXPECT_EQ(options->session_timeout, std::chrono::seconds{10});
  EXPECT_EQ(options->revoke_within, std::chrono::seconds{5});
  EXPECT_EQ(options->commit_every, std::chrono::milliseconds{100});
  EXPECT_EQ(options->suspect_window, 8'192u);
  for (const char* said :
       {"default 12", "default 5ms", "default snappy", "default 10s", "default 5s", "default 100ms"}) {
    EXPECT_THAT(describe_kafka(), HasSubstr(said));
  }
}

TEST(KafkaOptionsTest, GoSoFarAndNoFurther) {
  for (const char* option : {"partitions=1", "partitions=1000", "replication=1", "replication=100", "linger=0ms",
                             "linger=10s", "session_timeout=1s", "session_timeout=30m", "revoke_within=10ms",
                             "revoke_within=10m", "commit_every=1ms", "commit_every=1m", "suspect_window=16",
                             "suspect_window=10000", "create_topics=no", "compression=none", "prefix=a-b_c.9"}) {
    const auto options = read(std::string{"kafka://here?"} + option);
    EXPECT_TRUE(options) << option << ": " << options.error().message;
  }
  for (const char* option :
       {"partitions=0", "partitions=1001", "partitions=4x", "replication=0", "replication=101", "linger=11s",
        "linger=5", "session_timeout=999ms", "session_timeout=31m", "revoke_within=9ms", "revoke_within=11m",
        "commit_every=0ms", "commit_every=61s", "suspect_window=15", "suspect_window=10001", "create_topics=maybe",
        "compression=zip", "prefix=a/b", "nonsense=1"}) {
    EXPECT_FALSE(read(std::string{"kafka://here?"} + option)) << option;
  }
}

TEST(KafkaOptionsTest, SayAllFaultsAtOnce) {
  const auto options = read("kafka://here?partitions=0&linger=1h&rdkafka.acks=0");
  ASSERT_FALSE(options);
  for (const char* fault : {"partitions=0", "linger=1h", "rdkafka.acks"}) {
    EXPECT_THAT(options.error().message, HasSubstr(fault));
  }
}

TEST(KafkaOptionsTest, NameABrokerAtLeast) {
  EXPECT_FALSE(read("kafka://"));
  EXPECT_FALSE(read("kafka://here/path"));
  EXPECT_EQ(read("kafka://[::1]:9093,[::1]")->brokers, "[::1]:9093,[::1]:9092");
}

}  // namespace
}  // namespace tidings::kafka
