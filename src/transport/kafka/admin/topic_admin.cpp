#include "transport/kafka/admin/topic_admin.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <vector>

#include "transport/kafka/client/kafka_limits.hpp"

namespace tidings::kafka {

namespace {

using NewTopicHandle = Owned<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy>;
using DeleteTopicHandle = Owned<rd_kafka_DeleteTopic_t, rd_kafka_DeleteTopic_destroy>;

constexpr Duration kLookAgain = std::chrono::milliseconds{10};

Result<NewTopicHandle> handle_of(const Cluster& cluster, const NewTopic& topic) {
  std::array<char, 512> words{};
  NewTopicHandle handle{rd_kafka_NewTopic_new(topic.name.c_str(), topic.partitions,
                                              topic.replication.value_or(cluster.options().replication), words.data(),
                                              words.size())};
  if (handle == nullptr) return invalid(fmt::format("topic '{}' cannot be created: {}", topic.name, words.data()));
  for (const auto& [name, value] : topic.config) {
    const auto code = rd_kafka_NewTopic_set_config(handle.get(), name.c_str(), value.c_str());
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return to_error(code, fmt::format("set '{}' of '{}'", name, topic.name));
  }
  return handle;
}

Result<void> check_created(const rd_kafka_topic_result_t& result) {
  const auto code = rd_kafka_topic_result_error(&result);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) return {};
  const char* words = rd_kafka_topic_result_error_string(&result);
  return to_error(code, fmt::format("create topic '{}'", rd_kafka_topic_result_name(&result)), words ? words : "");
}

Result<void> send_creation(const Cluster& cluster, std::span<const NewTopic> topics, Time deadline) {
  std::vector<NewTopicHandle> handles;
  for (const NewTopic& topic : topics) {
    auto handle = handle_of(cluster, topic);
    if (!handle) return handle.error();
    handles.push_back(*std::move(handle));
  }
  auto all = pointers(handles);
  const auto answer = cluster.request(
      RD_KAFKA_ADMIN_OP_CREATETOPICS, fmt::format("create topic '{}'", topics.front().name),
      [&all](rd_kafka_t* client, rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
        rd_kafka_CreateTopics(client, all.data(), all.size(), options, queue);
      },
      deadline);
  if (!answer) return answer.error();
  std::size_t count = 0;
  const auto* results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(answer->get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    if (auto created = check_created(*results[i]); !created) return created;
  }
  return {};
}

// Where a partition begins only its leader says: each has one then.
Result<void> wait_for_leaders(const Cluster& cluster, std::span<const NewTopic> topics, Time deadline) {
  for (;;) {
    const auto there = cluster.topics(deadline);
    if (!there) return there.error();
    std::vector<PartitionOffset> partitions;
    const NewTopic* missing = nullptr;
    for (const NewTopic& topic : topics) {
      const auto found = there->find(topic.name);
      if (found == there->end()) missing = &topic;
      const std::int32_t count = found == there->end() ? 0 : found->second;
      for (std::int32_t i = 0; i < count; ++i) partitions.push_back({topic.name, i, 0});
    }
    if (missing == nullptr) {
      const auto led = cluster.offsets(std::move(partitions), Bound::latest, deadline);
      if (led) return {};
      if (cluster.executor().now() >= deadline) return led.error();
    } else if (cluster.executor().now() >= deadline) {
      return unavailable(fmt::format("topic '{}' was created, but the cluster does not show it yet", missing->name));
    }
    cluster.executor().sleep_until(cluster.executor().now() + kLookAgain);
  }
}

Result<void> check_deleted(const rd_kafka_topic_result_t& result) {
  const auto code = rd_kafka_topic_result_error(&result);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return {};
  return to_error(code, fmt::format("delete topic '{}'", rd_kafka_topic_result_name(&result)));
}

}  // namespace

Result<void> create_topics(const Cluster& cluster, std::span<const NewTopic> topics, std::optional<Time> deadline) {
  if (topics.empty()) return {};
  if (auto sent = send_creation(cluster, topics, deadline.value_or(cluster.soon())); !sent) return sent;
  return wait_for_leaders(cluster, topics, deadline.value_or(cluster.soon()));
}

Result<void> delete_topics(const Cluster& cluster, std::span<const std::string> topics) {
  if (topics.empty()) return {};
  std::vector<DeleteTopicHandle> handles;
  for (const std::string& topic : topics) handles.emplace_back(rd_kafka_DeleteTopic_new(topic.c_str()));
  auto all = pointers(handles);
  const auto answer =
      cluster.request(RD_KAFKA_ADMIN_OP_DELETETOPICS, fmt::format("delete topic '{}'", topics.front()),
                      [&all](rd_kafka_t* client, rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                        rd_kafka_DeleteTopics(client, all.data(), all.size(), options, queue);
                      });
  if (!answer) return answer.error();
  std::size_t count = 0;
  const auto* results = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(answer->get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    if (auto deleted = check_deleted(*results[i]); !deleted) return deleted;
  }
  return {};
}

}  // namespace tidings::kafka
