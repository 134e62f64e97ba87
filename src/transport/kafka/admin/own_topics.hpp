// Topics that the driver makes when the first copy goes there: dead letters, and retries that wait.
//
// Threads: any. Blocks: as Cluster.
#pragma once

#include <optional>
#include <string>

#include "transport/kafka/client/cluster.hpp"

namespace tidings::kafka {

// How long a retry topic keeps what lies there: far beyond the longest wait and the longest absence of its group.
inline constexpr Duration kRetriesKept = std::chrono::days{30};

// Makes it where it is missing: with as many partitions as what it is about, kept for ever if of dead letters.
Result<void> ensure_own_topic(const Cluster& cluster, const std::string& topic, std::optional<Time> deadline = {});

}  // namespace tidings::kafka
