#include "transport/kafka/publish/producer_settings.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "transport/kafka/client/kafka_limits.hpp"

namespace tidings::kafka {

Settings producer_settings(const KafkaOptions& options, const transport::PublisherOptions& publisher) {
  using std::chrono::milliseconds;
  const auto within = std::max<std::int64_t>(1, std::chrono::ceil<milliseconds>(publisher.deliver_within).count());
  const double linger = std::chrono::duration<double, std::milli>{options.linger}.count();
  // What is confirmed counts there until its event is gone: as much again as our own limit lets in.
  const auto records = std::min(publisher.buffer_records_max, kClientRecordsMax / 2 - 1) * 2 + 1;
  const auto kilobytes = std::clamp<std::size_t>(publisher.buffer_bytes_max / 512, 64u << 10, kClientKilobytesMax);
  return {{"acks", "all"},
          {"enable.idempotence", "true"},
          {"enable.gapless.guarantee", "true"},
          {"partitioner", "murmur2_random"},
          {"linger.ms", fmt::format("{}", std::min(linger, static_cast<double>(within - 1)))},
          {"compression.type", options.compression},
          {"message.timeout.ms", std::to_string(within)},
          {"message.max.bytes", std::to_string(kMessageBytesMax)},
          {"queue.buffering.max.messages", std::to_string(records)},
          {"queue.buffering.max.kbytes", std::to_string(kilobytes)},
          {"topic.metadata.propagation.max.ms", "5000"}};
}

}  // namespace tidings::kafka
