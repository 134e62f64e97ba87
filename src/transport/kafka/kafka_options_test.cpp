#include "transport/kafka/kafka_options.hpp"

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
  for (const char* name : {"acks", "enable.idempotence", "partitioner", "message.timeout.ms", "enable.auto.commit"}) {
    const auto options = read(std::string{"kafka://here?rdkafka."} + name + "=1");
    ASSERT_FALSE(options) << name;
    EXPECT_EQ(options.error().kind, ErrorKind::invalid);
    EXPECT_THAT(options.error().message, HasSubstr(name));
  }
  EXPECT_THAT(read("kafka://here?rdkafka.acks=1").error().message, HasSubstr("all replicas in sync"));
}

TEST(KafkaOptionsTest, RefusesWhatItDoesNotKnowOrWhatIsOutOfRange) {
  for (const char* option :
       {"nonsense=1", "partitions=0", "partitions=1001", "compression=zip", "create_topics=maybe"}) {
    EXPECT_FALSE(read(std::string{"kafka://here?"} + option)) << option;
  }
}

}  // namespace
}  // namespace tidings::kafka
