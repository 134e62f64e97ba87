// A member of a consumer group, as librdkafka has it: what KafkaMember asks of it.
//
// Threads: that of the member; wake() any.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "transport/kafka/bell.hpp"
#include "transport/kafka/cluster.hpp"
#include "transport/kafka/commit_record.hpp"

namespace tidings::kafka {

// A partition and what its group committed there last; none: nothing.
struct Committed {
  std::string topic;  // on the cluster
  std::int32_t partition = 0;
  std::optional<CommitRecord> record;
};

// What to commit for a partition.
struct CommitOf {
  std::string topic;  // on the cluster
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::string metadata;
};

class MemberClient final {
 public:
  static Result<std::unique_ptr<MemberClient>> open(const Cluster& cluster, const std::string& group_id,
                                                    const std::string& instance, std::shared_ptr<Bell> bell);
  ~MemberClient();

  // The next event, or nothing at the deadline or after wake().
  EventHandle next_event(Time deadline);
  void wake() { rd_kafka_queue_yield(queue_.get()); }

  Result<void> subscribe(const std::set<std::string>& topics);
  // Blocks, at most kLookWithin.
  Result<std::vector<Committed>> committed(const rd_kafka_topic_partition_list_t& partitions) const;
  // A queue of that partition alone, which rings the bell when something comes. Before it is assigned.
  QueueHandle partition_queue(const std::string& topic, std::int32_t partition) const;
  void assign(const rd_kafka_topic_partition_list_t& partitions);
  void unassign(const rd_kafka_topic_partition_list_t& partitions);
  // Whether it was thrown out of its group.
  bool is_lost() const { return rd_kafka_assignment_lost(client_.get()) != 0; }

  // Answered by an event RD_KAFKA_EVENT_OFFSET_COMMIT with that opaque; false: it will not be.
  bool commit(const std::vector<CommitOf>& offsets, void* opaque);
  // Without being a member, as long as nobody is; waits for the answer.
  Result<void> commit_now(const std::vector<CommitOf>& offsets) const;

  void begin_close();
  bool closed() const { return rd_kafka_consumer_closed(client_.get()) != 0; }

 private:
  MemberClient(const Cluster& cluster, ClientHandle client, std::shared_ptr<Bell> bell);

  Executor& executor_;
  const std::shared_ptr<Bell> bell_;
  const ClientHandle client_;
  QueueHandle queue_;
};

}  // namespace tidings::kafka
