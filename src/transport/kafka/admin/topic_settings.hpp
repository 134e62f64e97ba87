// How topics of a cluster are set.
//
// Threads: any. Blocks: Cluster's.
#pragma once

#include <map>
#include <span>
#include <string>

#include "transport/kafka/client/cluster.hpp"
#include "transport/kafka/client/kafka_limits.hpp"

namespace tidings::kafka {

// Kafka's own: https://kafka.apache.org/41/configuration/topic-configs
using TopicConfig = std::map<std::string, std::string, std::less<>>;

// What is set for that topic, also by default.
Result<TopicConfig> config_of(const Cluster& cluster, const std::string& topic);
// Of several, by name; those that are not there are left out.
Result<std::map<std::string, TopicConfig>> configs_of(const Cluster& cluster, std::span<const std::string> topics);

// Changes what `change` names, in Kafka's own spelling of values, and nothing else. Returns when each broker shows it:
// who reads it then, or changes something else, sees it.
// unavailable: not within that time. It is set all the same, unless somebody set the topic at the same time.
Result<void> set_config(const Cluster& cluster, const std::string& topic, const TopicConfig& change,
                        Duration shows_within = kSettingShowsWithin);

}  // namespace tidings::kafka
