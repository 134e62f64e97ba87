#include "transport/kafka/client/rdkafka.hpp"

#include <gmock/gmock.h>

namespace tidings::kafka {
namespace {

using ::testing::HasSubstr;

TEST(RdkafkaTest, ErrorsAreOfTheKindThatSaysWhatToDo) {
  const std::vector<std::pair<rd_kafka_resp_err_t, ErrorKind>> cases{
      {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, ErrorKind::invalid},
      {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, ErrorKind::invalid},
      {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, ErrorKind::invalid},
      {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, ErrorKind::invalid},
      {RD_KAFKA_RESP_ERR__FENCED, ErrorKind::conflict},
      {RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, ErrorKind::conflict},
      {RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS, ErrorKind::conflict},
      {RD_KAFKA_RESP_ERR__QUEUE_FULL, ErrorKind::overloaded},
      {RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, ErrorKind::overloaded},
      {RD_KAFKA_RESP_ERR__BAD_MSG, ErrorKind::corrupt},
      {RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, ErrorKind::unsupported},
      {RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, ErrorKind::unavailable},
      {RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, ErrorKind::unavailable},
      {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, ErrorKind::unavailable}};
  for (const auto& [code, kind] : cases) {
    EXPECT_EQ(to_error(code, "do it").kind, kind) << rd_kafka_err2name(code);
  }
}

TEST(RdkafkaTest, ErrorsSayWhatHappenedToWhatAndWhatToChange) {
  const std::string message = to_error(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "publish to 'orders'").message;
  EXPECT_THAT(message, HasSubstr("could not publish to 'orders'"));
  EXPECT_THAT(message, HasSubstr("UNKNOWN_TOPIC_OR_PART"));
  EXPECT_THAT(message, HasSubstr("tidings topics create"));
  EXPECT_THAT(to_error(RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, "x").message, HasSubstr("may or may not be there"));
  EXPECT_THAT(to_error(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, "x").message, HasSubstr("max.message.bytes"));
  EXPECT_THAT(to_error(RD_KAFKA_RESP_ERR__TRANSPORT, "x", "connection refused").message,
              HasSubstr("connection refused"));
}

TEST(RdkafkaTest, MillisecondsUntilADeadlineAreRoundedUpAndNeverNegative) {
  const Time now{std::chrono::seconds{1'000}};
  EXPECT_EQ(milliseconds_until(now, now), 0);
  EXPECT_EQ(milliseconds_until(now - std::chrono::seconds{1}, now), 0);
  EXPECT_EQ(milliseconds_until(now + std::chrono::microseconds{1}, now), 1);
  EXPECT_EQ(milliseconds_until(now + std::chrono::milliseconds{1'500}, now), 1'500);
  EXPECT_EQ(milliseconds_until(now + std::chrono::hours{24 * 365}, now), std::numeric_limits<int>::max());
}

}  // namespace
}  // namespace tidings::kafka
