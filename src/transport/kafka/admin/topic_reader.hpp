// Reads partitions from given offsets on, for no group: what is there changes for nobody. Committed records only.
//
// Owns:    a librdkafka consumer.
// Threads: one at a time.
// Blocks:  next() until its deadline; read_range() until it has read all, or nothing came for kRequestWithin.
// Errors:  unavailable; invalid: no such partition.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "transport/kafka/client/cluster.hpp"

namespace tidings::kafka {

// Records of a partition from `begin` until before `end`.
struct OffsetSpan {
  std::string topic;  // on the cluster
  std::int32_t partition = 0;
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

using TopicHandle = Owned<rd_kafka_topic_t, rd_kafka_topic_destroy>;

struct Fetching {
  Duration wait;                // how long the broker may hold an answer back for want of records
  std::size_t bytes = 1 << 20;  // of a partition, in one answer; one record may be larger
};

class TopicReader final {
 public:
  static Result<std::unique_ptr<TopicReader>> open(const Cluster& cluster, const Fetching& fetching);

  Result<void> assign(std::span<const PartitionOffset> from);

  // A message, or the news that all before an offset was read.
  struct Next {
    MessageHandle message;
    std::optional<PartitionOffset> end;
  };
  // Neither: nothing came.
  Result<Next> next(Time deadline);

 private:
  TopicReader(const Cluster& cluster, ClientHandle client) : cluster_{cluster}, client_{std::move(client)} {}

  Result<void> learn_leaders(std::span<const PartitionOffset> of);

  const Cluster& cluster_;
  ClientHandle client_;
  std::map<std::string, TopicHandle> topics_;
};

// Visits all messages of these, in order within each partition, until `visit` returns false. Of several spans of one
// partition, which are in order, what lies between them is not visited, and each costs a request or two.
Result<void> read_range(const Cluster& cluster, std::span<const OffsetSpan> spans,
                        const std::function<bool(const rd_kafka_message_t&)>& visit);

// All that is in these topics now; those that are not there are left out.
Result<std::vector<OffsetSpan>> whole(const Cluster& cluster, std::span<const std::string> topics);

}  // namespace tidings::kafka
