// Topics that the driver makes when the first copy goes there: dead letters, and retries that wait.
//
// Threads: any. Blocks: on the cluster, the first time.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "transport/kafka/cluster.hpp"

namespace tidings::kafka {

// How long a retry topic keeps what lies there: far beyond the longest wait and the longest absence of its group.
inline constexpr Duration kRetriesKept = std::chrono::days{30};

class OwnTopics final {
 public:
  explicit OwnTopics(std::shared_ptr<Cluster> cluster) : cluster_{std::move(cluster)} {}

  // Made where it is missing: with as many partitions as what it is about, kept for ever if of dead letters.
  Result<void> ensure(const std::string& topic);
  // Whether it is there; asks the cluster at most every kLookEvery.
  bool is_there(const std::string& topic);

 private:
  const std::shared_ptr<Cluster> cluster_;
  std::mutex mutex_;
  std::set<std::string> there_;
  std::map<std::string, Time> looked_;  // when it was missing; one for each subscription of the process
};

Result<void> ensure_own_topic(const Cluster& cluster, const std::string& topic);

}  // namespace tidings::kafka
