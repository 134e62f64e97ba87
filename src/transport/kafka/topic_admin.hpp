// Topics of a cluster: what is made, and how it is set.
//
// Threads: any. Blocks: Cluster's.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>

#include "transport/kafka/cluster.hpp"

namespace tidings::kafka {

// Kafka's own: https://kafka.apache.org/41/configuration/topic-configs
using TopicConfig = std::map<std::string, std::string, std::less<>>;

struct NewTopic {
  std::string name;  // on the cluster
  std::int32_t partitions = 1;
  TopicConfig config;
  std::optional<std::int32_t> replication = {};  // otherwise as the URL says
};

// Makes those that are not there; what is there stays as it is. Returns when each can be
// published to.
Result<void> create_topics(const Cluster& cluster, std::span<const NewTopic> topics);

// Those that are not there are no fault.
Result<void> delete_topics(const Cluster& cluster, std::span<const std::string> topics);

// What is set for that topic, also by default.
Result<TopicConfig> config_of(const Cluster& cluster, const std::string& topic);
// Of several, by name; those that are not there are left out.
Result<std::map<std::string, TopicConfig>> configs_of(const Cluster& cluster, std::span<const std::string> topics);
// Changes what `change` names, and nothing else.
Result<void> set_config(const Cluster& cluster, const std::string& topic, const TopicConfig& change);

}  // namespace tidings::kafka
