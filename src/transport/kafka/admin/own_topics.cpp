#include "transport/kafka/admin/own_topics.hpp"

#include "transport/kafka/admin/topic_admin.hpp"
#include "transport/kafka/client/kafka_limits.hpp"
#include "transport/kafka/format/retry_ladder.hpp"

namespace tidings::kafka {

namespace {

std::string milliseconds(Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

NewTopic retries(const std::string& topic) {
  return {.name = topic,
          .partitions = static_cast<std::int32_t>(kRetrySteps.size()),
          .config = {{"retention.ms", milliseconds(kRetriesKept)},
                     {"max.message.bytes", std::to_string(kMessageBytesMax)}}};
}

Result<NewTopic> dead_letters(const Cluster& cluster, const std::string& topic, const std::string& of,
                              std::optional<Time> deadline) {
  const auto partitions = cluster.partitions(cluster.names().on_cluster(of), deadline);
  if (!partitions) return partitions.error();
  return NewTopic{.name = topic,
                  .partitions = partitions->value_or(1),
                  .config = {{"retention.ms", "-1"}, {"max.message.bytes", std::to_string(kMessageBytesMax)}}};
}

}  // namespace

Result<void> ensure_own_topic(const Cluster& cluster, const std::string& topic, std::optional<Time> deadline) {
  const auto there = cluster.has_topic(topic, deadline);
  if (!there) return there.error();
  if (*there) return {};
  const auto of = cluster.names().topic_of_dead_letters(topic);
  const auto made = of ? dead_letters(cluster, topic, *of, deadline) : Result<NewTopic>{retries(topic)};
  if (!made) return made.error();
  return create_topics(cluster, {&*made, 1}, deadline);
}

}  // namespace tidings::kafka
