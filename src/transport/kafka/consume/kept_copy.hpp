// Copies of records as they lie in topics, and the topic for those that a subscription shall have again.
//
// Threads: any. Blocks: prepare_retries() on the cluster, the first time.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "tidings/transport/record.hpp"
#include "transport/driver/copy.hpp"
#include "transport/kafka/client/cluster.hpp"

namespace tidings::kafka {

using transport::Copy;

// The record that was copied, and what stands beside it. Nothing: it is no copy of ours.
std::optional<std::pair<transport::Record, Copy>> read_copy(const rd_kafka_message_t& message, std::string_view topic);

// The topic of retries and replays of that subscription, on the cluster; made where it is missing.
Result<std::string> prepare_retries(const Cluster& cluster, std::string_view group, std::string_view subscription);

}  // namespace tidings::kafka
