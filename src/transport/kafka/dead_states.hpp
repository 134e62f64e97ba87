// Which dead letters are dealt with: the topic of their states, read as far as was asked for.
//
// Wire:    docs/wire.md, "Dead letters and retries".
// Threads: any. Blocks: as read_range().
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>

#include "transport/kafka/cluster.hpp"

namespace tidings::kafka {

class DeadStates final {
 public:
  explicit DeadStates(std::shared_ptr<Cluster> cluster) : cluster_{std::move(cluster)} {}

  // Reads what came since. Transactions that are open then are not in it.
  Result<void> refresh();
  bool is_open(const std::string& id) const;
  // Makes the topic where it is missing.
  Result<void> prepare();

 private:
  const std::shared_ptr<Cluster> cluster_;
  std::mutex refreshing_;  // held while it reads
  std::int64_t next_ = 0;
  mutable std::mutex mutex_;
  std::unordered_set<std::string> done_;
};

}  // namespace tidings::kafka
