// Topics of a cluster: those that are made, and deleted.
//
// Threads: any. Blocks: Cluster's.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "transport/kafka/admin/topic_settings.hpp"
#include "transport/kafka/client/cluster.hpp"

namespace tidings::kafka {

struct NewTopic {
  std::string name;  // on the cluster
  std::int32_t partitions = 1;
  TopicConfig config;
  std::optional<std::int32_t> replication = {};  // otherwise as the URL says
};

// Makes those that are not there; what is there stays as it is. Returns when each can be
// published to.
Result<void> create_topics(const Cluster& cluster, std::span<const NewTopic> topics, std::optional<Time> deadline = {});

// Those that are not there are no fault.
Result<void> delete_topics(const Cluster& cluster, std::span<const std::string> topics);

}  // namespace tidings::kafka
