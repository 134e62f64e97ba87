#include "transport/kafka/topic_admin.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <vector>

#include "transport/kafka/kafka_limits.hpp"

namespace tidings::kafka {

namespace {

using NewTopicHandle = Owned<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy>;
using DeleteTopicHandle = Owned<rd_kafka_DeleteTopic_t, rd_kafka_DeleteTopic_destroy>;
using ConfigHandle = Owned<rd_kafka_ConfigResource_t, rd_kafka_ConfigResource_destroy>;

constexpr Duration kLookAgain = std::chrono::milliseconds{10};

// librdkafka takes arrays of pointers.
template <class Handle>
std::vector<typename Handle::pointer> pointers(const std::vector<Handle>& handles) {
  std::vector<typename Handle::pointer> all;
  for (const Handle& handle : handles) all.push_back(handle.get());
  return all;
}

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

Result<void> send_creation(const Cluster& cluster, std::span<const NewTopic> topics) {
  std::vector<NewTopicHandle> handles;
  for (const NewTopic& topic : topics) {
    auto handle = handle_of(cluster, topic);
    if (!handle) return handle.error();
    handles.push_back(*std::move(handle));
  }
  auto all = pointers(handles);
  const auto answer =
      cluster.request(RD_KAFKA_ADMIN_OP_CREATETOPICS, fmt::format("create topic '{}'", topics.front().name),
                      [&all](rd_kafka_t* client, rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                        rd_kafka_CreateTopics(client, all.data(), all.size(), options, queue);
                      });
  if (!answer) return answer.error();
  std::size_t count = 0;
  const auto* results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(answer->get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    if (auto created = check_created(*results[i]); !created) return created;
  }
  return {};
}

// Where a partition begins only its leader says: each has one then.
Result<void> wait_for_leaders(const Cluster& cluster, std::span<const NewTopic> topics) {
  const Time deadline = cluster.soon();
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
      const auto led = cluster.offsets(std::move(partitions), Bound::latest);
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

struct Setting {
  std::string value;
  bool of_the_topic = false;  // not the broker's, nor Kafka's default
};
using Described = std::map<std::string, Setting, std::less<>>;

Described settings_of(const rd_kafka_ConfigResource_t& resource) {
  std::size_t count = 0;
  const auto* entries = rd_kafka_ConfigResource_configs(&resource, &count);
  Described settings;
  for (std::size_t i = 0; i < count; ++i) {
    const char* value = rd_kafka_ConfigEntry_value(entries[i]);
    if (value == nullptr) continue;
    const bool own = rd_kafka_ConfigEntry_source(entries[i]) == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG;
    settings[rd_kafka_ConfigEntry_name(entries[i])] = {value, own};
  }
  return settings;
}

using AllDescribed = std::map<std::string, Described>;

// Those that are not there are left out.
Result<AllDescribed> describe(const Cluster& cluster, std::span<const std::string> topics) {
  std::vector<ConfigHandle> asked;
  for (const std::string& topic : topics) {
    asked.emplace_back(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
  }
  auto all = pointers(asked);
  const std::string doing = fmt::format("ask how topic '{}' is set", topics.front());
  const auto answer =
      cluster.request(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, doing, [&](auto* client, auto* options, auto* queue) {
        rd_kafka_DescribeConfigs(client, all.data(), all.size(), options, queue);
      });
  if (!answer) return answer.error();
  std::size_t count = 0;
  const auto* resources =
      rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(answer->get()), &count);
  AllDescribed described;
  for (std::size_t i = 0; i < count; ++i) {
    const auto code = rd_kafka_ConfigResource_error(resources[i]);
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) continue;
    const char* words = rd_kafka_ConfigResource_error_string(resources[i]);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return to_error(code, doing, words ? words : "");
    described.emplace(rd_kafka_ConfigResource_name(resources[i]), settings_of(*resources[i]));
  }
  return described;
}

Result<Described> describe(const Cluster& cluster, const std::string& topic) {
  auto described = describe(cluster, std::span{&topic, 1});
  if (!described) return described.error();
  const auto found = described->find(topic);
  if (found != described->end()) return std::move(found->second);
  return to_error(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, fmt::format("ask how topic '{}' is set", topic));
}

TopicConfig values_of(const Described& described) {
  TopicConfig config;
  for (const auto& [name, setting] : described) config.emplace(name, setting.value);
  return config;
}

}  // namespace

Result<void> create_topics(const Cluster& cluster, std::span<const NewTopic> topics) {
  if (topics.empty()) return {};
  if (auto sent = send_creation(cluster, topics); !sent) return sent;
  return wait_for_leaders(cluster, topics);
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

Result<TopicConfig> config_of(const Cluster& cluster, const std::string& topic) {
  const auto described = describe(cluster, topic);
  if (!described) return described.error();
  return values_of(*described);
}

Result<std::map<std::string, TopicConfig>> configs_of(const Cluster& cluster, std::span<const std::string> topics) {
  std::map<std::string, TopicConfig> configs;
  if (topics.empty()) return configs;
  const auto described = describe(cluster, topics);
  if (!described) return described.error();
  for (const auto& [topic, settings] : *described) configs.emplace(topic, values_of(settings));
  return configs;
}

// AlterConfigs, all that librdkafka 2.0.2 has, takes back what it does not name.
Result<void> set_config(const Cluster& cluster, const std::string& topic, const TopicConfig& change) {
  const auto there = describe(cluster, topic);
  if (!there) return there.error();
  TopicConfig wanted = change;
  for (const auto& [name, setting] : *there) {
    if (setting.of_the_topic) wanted.emplace(name, setting.value);
  }
  const ConfigHandle config{rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str())};
  for (const auto& [name, value] : wanted) {
    rd_kafka_ConfigResource_set_config(config.get(), name.c_str(), value.c_str());
  }
  const std::string doing = fmt::format("set topic '{}'", topic);
  const auto answer =
      cluster.request(RD_KAFKA_ADMIN_OP_ALTERCONFIGS, doing, [&](auto* client, auto* options, auto* queue) {
        rd_kafka_ConfigResource_t* one = config.get();
        rd_kafka_AlterConfigs(client, &one, 1, options, queue);
      });
  if (!answer) return answer.error();
  std::size_t count = 0;
  const auto* results =
      rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(answer->get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto code = rd_kafka_ConfigResource_error(results[i]);
    const char* words = rd_kafka_ConfigResource_error_string(results[i]);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return to_error(code, doing, words ? words : "");
  }
  return {};
}

}  // namespace tidings::kafka
