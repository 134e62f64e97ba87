#include "transport/kafka/publish/producer_settings.hpp"

#include <gmock/gmock.h>

#include <map>
#include <string>

#include "transport/kafka/client/kafka_limits.hpp"

namespace tidings::kafka {
namespace {

// By name; librdkafka takes them.
std::map<std::string, std::string> settings(const transport::PublisherOptions& publisher) {
  const ConfHandle conf{rd_kafka_conf_new()};
  std::map<std::string, std::string> by_name;
  for (const auto& [name, value] : producer_settings({}, publisher)) {
    EXPECT_EQ(rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), nullptr, 0), RD_KAFKA_CONF_OK) << name;
    by_name[name] = value;
  }
  return by_name;
}

TEST(ProducerSettingsTest, TheBufferOfTheClientHasRoomForWhatThePublisherLetsIn) {
  auto of_client = settings({.buffer_records_max = 1'000, .buffer_bytes_max = 512u << 20});
  EXPECT_EQ(of_client["queue.buffering.max.messages"], "2001") << "what is confirmed stays for a while";
  EXPECT_EQ(of_client["queue.buffering.max.kbytes"], std::to_string(1u << 20)) << "twice as much";
}

TEST(ProducerSettingsTest, NoClientIsAskedForMoreThanItTakes) {
  auto of_client = settings({.buffer_records_max = 1'000'000'000, .buffer_bytes_max = std::size_t{1} << 50});
  EXPECT_EQ(of_client["queue.buffering.max.messages"], std::to_string(kClientRecordsMax - 1));
  EXPECT_EQ(of_client["queue.buffering.max.kbytes"], std::to_string(kClientKilobytesMax));
}

}  // namespace
}  // namespace tidings::kafka
