// Counts what groups have not settled: from their commits, what waits in their retry topics, and dead letters.
//
// Threads: one at a time. Blocks: on the broker.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "transport/kafka/format/commit_record.hpp"
#include "transport/kafka/operate/expired_counts.hpp"
#include "transport/kafka/operate/kafka_dead_letters.hpp"

namespace tidings::kafka {

class LagCounter final {
 public:
  LagCounter(std::shared_ptr<Cluster> cluster, Registrations& registrations)
      : cluster_{std::move(cluster)}, registrations_{registrations} {}

  Result<void> add(const GroupRecord& group);
  void add(const KafkaDeadLetters::Counts& dead);
  void add_expired(const ExpiredCounts::All& expired);
  // Looks up the times of what is oldest.
  Result<std::vector<transport::LagState>> finish();

 private:
  using Commits = std::map<std::pair<std::string, std::int32_t>, CommitRecord>;

  transport::LagState& state(const std::string& group, const std::string& topic) { return states_[{group, topic}]; }
  Result<Commits> commits(const std::string& group_on_cluster);
  Result<void> add_events(const std::string& group, const std::set<std::string>& topics, const Commits& commits);
  void add_span(const std::string& group, const std::string& topic, const OffsetSpan& kept, const CommitRecord& done);
  Result<void> add_retries(const std::string& group, const std::string& subscription,
                           const std::set<std::string>& topics);

  const std::shared_ptr<Cluster> cluster_;
  Registrations& registrations_;
  std::map<std::pair<std::string, std::string>, transport::LagState> states_;
  // The first that is not settled, and for whom.
  std::map<std::pair<std::string, std::int32_t>, std::map<std::int64_t, std::set<std::string>>> oldest_;
};

}  // namespace tidings::kafka
