// Beside those of a broker: the thread sanitizer does not know librdkafka's threads.
#include <gtest/gtest.h>

#include <array>

#include "transport/kafka/consume/member_client.hpp"

namespace tidings::kafka {
namespace {

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
