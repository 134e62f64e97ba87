#include "transport/kafka/kept_copy.hpp"

#include "transport/kafka/kafka_limits.hpp"
#include "transport/kafka/retry_ladder.hpp"
#include "transport/kafka/topic_admin.hpp"
#include "transport/kafka/wire.hpp"

namespace tidings::kafka {

std::optional<std::pair<transport::Record, Copy>> read_copy(const rd_kafka_message_t& message, std::string_view topic) {
  std::vector<transport::HeaderView> headers;
  headers.reserve(header_count(message));
  auto view = read_record(message, topic, headers);
  Copy copy;
  if (!take_copy(view, copy)) return std::nullopt;
  return std::pair{transport::to_record(view), std::move(copy)};
}

Result<std::string> prepare_retries(const Cluster& cluster, std::string_view group, std::string_view subscription) {
  std::string topic = cluster.names().retry(group, subscription);
  const auto there = cluster.partitions(topic);
  if (!there) return there.error();
  if (*there) return topic;
  // Nobody knows when its group is back: nothing may go before.
  const NewTopic retries{.name = topic,
                         .partitions = static_cast<std::int32_t>(kRetrySteps.size()),
                         .config = {{"retention.ms", "-1"}, {"max.message.bytes", std::to_string(kMessageBytesMax)}}};
  if (auto created = create_topics(cluster, {&retries, 1}); !created) return created.error();
  return topic;
}

}  // namespace tidings::kafka
