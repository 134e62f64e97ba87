// A member of a consumer group, as librdkafka has it: what KafkaMember asks of it.
//
// Threads: that of the member; wake() any.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "transport/kafka/bell.hpp"
#include "transport/kafka/cluster.hpp"
#include "transport/kafka/commit_record.hpp"
#include "transport/kafka/group_requests.hpp"

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

PartitionListHandle partition_list(const std::vector<CommitOf>& offsets);

// Messages of one partition, apart from others.
class PartitionQueue final {
 public:
  PartitionQueue(std::shared_ptr<rd_kafka_t> client, const std::string& topic, std::int32_t partition, Bell& bell);
  ~PartitionQueue();
  PartitionQueue(PartitionQueue&&) = default;
  PartitionQueue(const PartitionQueue&) = delete;
  PartitionQueue& operator=(const PartitionQueue&) = delete;

  // Up to so many of those that are here.
  std::vector<MessageHandle> take(std::size_t max);
  const std::shared_ptr<rd_kafka_t>& client() const { return client_; }

 private:
  std::shared_ptr<rd_kafka_t> client_;
  QueueHandle queue_;
};

// As no member, as long as nobody is one; waits for the answer. conflict: somebody is.
Result<void> commit_as_nobody(const Cluster& cluster, const std::string& group_id,
                              const std::vector<CommitOf>& offsets);

class MemberClient final {
 public:
  struct Who {
    std::string group_id;  // on the cluster
    std::string instance;
    // What it has in common with the life before and the one after, and with no other member of the group; empty:
    // nothing. Its partitions wait a session long for it to come back.
    std::string static_id;
  };
  static Result<std::unique_ptr<MemberClient>> open(const Cluster& cluster, const Who& who, std::shared_ptr<Bell> bell);
  // Another one takes its place, which has joined nothing yet. No partition queue is left.
  Result<void> reopen(const Cluster& cluster);
  ~MemberClient();

  // The next event, or nothing at the deadline or after wake().
  EventHandle next_event(Time deadline);
  void wake();

  Result<void> subscribe(const std::set<std::string>& topics);
  // Blocks, at most kLookWithin.
  Result<std::vector<Committed>> committed(const rd_kafka_topic_partition_list_t& partitions) const;
  // What comes of that partition alone; it rings the bell. Before it is assigned.
  PartitionQueue partition_queue(const std::string& topic, std::int32_t partition) const;
  void assign(const rd_kafka_topic_partition_list_t& partitions);
  void unassign(const rd_kafka_topic_partition_list_t& partitions);
  // Whether it was thrown out of its group.
  bool is_lost() const { return rd_kafka_assignment_lost(client_.get()) != 0; }

  // Whether another one of the same name took its place, for good.
  bool is_fenced() const;
  void fence();  // asked for by a test

  // Whether a commit may be sent now.
  GroupRequests::Now requests() const { return requests_->now(); }
  // Answered by an event RD_KAFKA_EVENT_OFFSET_COMMIT with that opaque; false: it will not be.
  bool commit(const std::vector<CommitOf>& offsets, void* opaque);

  // Who we are in the group, for a transaction.
  rd_kafka_consumer_group_metadata_t* metadata() const { return rd_kafka_consumer_group_metadata(client_.get()); }

  // Whether a JoinGroup was answered: from then on until the first assignment librdkafka 2.0 must not be ended, or it
  // ends the process (an assertion in its cooperative assignor).
  bool has_joined() const;
  // Never ends it: a few threads and some memory stay behind, and what they look into.
  void abandon(std::shared_ptr<const Cluster> cluster);

  void begin_close();
  bool closed() const { return rd_kafka_consumer_closed(client_.get()) != 0; }

 private:
  using Client = std::shared_ptr<rd_kafka_t>;
  MemberClient(const Cluster& cluster, Who who, std::shared_ptr<Bell> bell);
  static Result<Client> make(const Cluster& cluster, const Who& who, const std::shared_ptr<GroupRequests>& requests);

  Executor& executor_;
  const Who who_;
  const std::shared_ptr<Bell> bell_;
  std::vector<std::shared_ptr<GroupRequests>> all_requests_;  // of those before, too: a client reads it until it ends
  std::shared_ptr<GroupRequests> requests_;
  Client client_;
  std::mutex mutex_;  // of the queue, which others yield
  QueueHandle queue_;
};

}  // namespace tidings::kafka
