// Groups of a cluster, as Kafka knows them.
//
// Threads: any. Blocks: Cluster's.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "transport/kafka/client/cluster.hpp"

namespace tidings::kafka {

struct LiveMember {
  std::string client_id;
  std::string static_id;                    // group.instance.id; empty: none
  std::vector<PartitionOffset> partitions;  // that it owns; without offsets
};

struct LiveGroup {
  std::vector<LiveMember> members;
  bool is_stable = false;  // not being put together, and with a member
};

struct GroupCommit {
  PartitionOffset position;
  std::string metadata;
};

// This group on the cluster; one that is not there has no members. invalid: no right to see it. Not while a service
// runs: where a broker goes away while it is asked, librdkafka 2.0 may end the process (an assertion in its admin
// requests to coordinators). At a start it is asked for that error.
Result<LiveGroup> live_group(const Cluster& cluster, const std::string& group);
// Likewise, for services that run. One that we may not see is not there.
Result<LiveGroup> look_at_group(const Cluster& cluster, const std::string& group, Time deadline);
Result<std::vector<GroupCommit>> commits_of(const Cluster& cluster, const std::string& group);
Result<std::vector<std::string>> group_names(const Cluster& cluster);
// conflict: it has members. One that is not there is no fault.
Result<void> delete_group(const Cluster& cluster, const std::string& group);

}  // namespace tidings::kafka
