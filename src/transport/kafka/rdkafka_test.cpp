#include "transport/kafka/rdkafka.hpp"

#include <gmock/gmock.h>

#include <array>

#include "transport/kafka/member_client.hpp"

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

TEST(WakeFetchingTest, LeavesTheCredentialsAsTheyAre) {
  ConfHandle conf{rd_kafka_conf_new()};
  for (const auto& [name, value] : {std::pair{"sasl.username", "somebody"}, std::pair{"sasl.password", "a secret"}}) {
    ASSERT_EQ(rd_kafka_conf_set(conf.get(), name, value, nullptr, 0), RD_KAFKA_CONF_OK);
  }
  const ClientHandle client{rd_kafka_new(RD_KAFKA_CONSUMER, conf.release(), nullptr, 0)};
  ASSERT_TRUE(client);
  wake_fetching(*client);
  const auto value_of = [&](const char* name) {
    std::array<char, 64> value{};
    std::size_t size = value.size();
    EXPECT_EQ(rd_kafka_conf_get(rd_kafka_conf(client.get()), name, value.data(), &size), RD_KAFKA_CONF_OK);
    return std::string{value.data()};
  };
  EXPECT_EQ(value_of("sasl.username"), "somebody");
  EXPECT_EQ(value_of("sasl.password"), "a secret");
}

}  // namespace
}  // namespace tidings::kafka
