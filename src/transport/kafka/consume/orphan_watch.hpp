// Partitions that nobody has. A member that is to give some up joins its group anew when it has, so that others get
// them. If it dies just then, and has a name, it comes back to what it keeps, and its group does not hear of it: nobody
// joins anew. So it looks; where partitions stay without an owner, another client is a member for a moment.
//
// Owns:    a thread, `kafka-orphans`, which ends once a look finds no such partition, or after kNudgesMax clients.
// Threads: those of its owner, one at a time.
// Blocks:  the destructor: kLookAtGroupWithin, or kNudgeEndsWithin where a client is a member just then, after stop().
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "transport/kafka/admin/group_admin.hpp"
#include "transport/kafka/client/cluster.hpp"

namespace tidings::kafka {

// Whether some of these, which the group reads, are nobody's.
bool has_orphans(const LiveGroup& group, const Cluster::Topics& topics);

// Until the next look after one that told nothing, where there were `pause` before that.
Duration pause_after_nothing(Duration pause);

class OrphanWatch final {
 public:
  // `group` and `topics` on the cluster; `topics` are what its members read.
  OrphanWatch(std::shared_ptr<const Cluster> cluster, std::string group, std::set<std::string> topics);
  ~OrphanWatch();
  OrphanWatch(const OrphanWatch&) = delete;
  OrphanWatch& operator=(const OrphanWatch&) = delete;

  // Looks no more. Does not wait.
  void stop();

 private:
  enum class Found { none, orphans, unknown };  // unknown, too, while the group is put together
  void run();
  bool goes_on_after(Duration pause);
  Found look() const;
  void nudge();
  bool is_late();

  const std::shared_ptr<const Cluster> cluster_;
  const std::string group_;
  const std::set<std::string> topics_;
  std::mutex mutex_;
  const std::unique_ptr<Condition> changed_;
  Time stop_at_ = kNever;  // when it was told to stop
  std::unique_ptr<Thread> thread_;
};

}  // namespace tidings::kafka
