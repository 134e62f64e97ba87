// A member of a consumer group, as librdkafka has it: what KafkaMember asks of it.
//
// Threads: that of the member; wake() any.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "transport/driver/bell.hpp"
#include "transport/kafka/client/cluster.hpp"
#include "transport/kafka/consume/group_requests.hpp"
#include "transport/kafka/consume/partition_source.hpp"
#include "transport/kafka/format/commit_record.hpp"

namespace tidings::kafka {

using transport::Bell;

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
class PartitionQueue final : public PartitionSource {
 public:
  // `topic`: on the cluster; `id`: in our words.
  PartitionQueue(std::shared_ptr<rd_kafka_t> client, std::string topic, transport::PartitionId id, Fetched::Kind kind,
                 WhenExpired when_expired, Bell& bell);
  ~PartitionQueue() override;
  PartitionQueue(const PartitionQueue&) = delete;
  PartitionQueue& operator=(const PartitionQueue&) = delete;

  // At most kFetchMax. Once half of what librdkafka fetches ahead is taken, it looks for more.
  std::shared_ptr<const Fetched> take(std::size_t max) override;
  std::int64_t expired_before(std::int64_t next, std::int64_t offset) const override;

 private:
  const std::shared_ptr<rd_kafka_t> client_;
  const std::string topic_;  // on the cluster
  const transport::PartitionId id_;
  const Fetched::Kind kind_;
  const WhenExpired when_expired_;
  const QueueHandle queue_;
  std::size_t taken_ = 0;  // since it was told to look
  std::size_t taken_bytes_ = 0;
};

// librdkafka 2.0 looks once a second whether a partition that was full has room again, and nothing asks it to look now.
// A change of the credentials wakes the threads that fetch: it is given those that it has.
void wake_fetching(rd_kafka_t& client);

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
  ~MemberClient();

  // The next event, or nothing at the deadline or after wake().
  EventHandle next_event(Time deadline);
  void wake() { rd_kafka_queue_yield(queue_.get()); }

  Result<void> subscribe(const std::set<std::string>& topics);
  // Blocks, at most kLookWithin.
  Result<std::vector<Committed>> committed(const rd_kafka_topic_partition_list_t& partitions) const;
  // What comes of that partition alone; it rings the bell. Before it is assigned. `topic`: on the cluster.
  std::unique_ptr<PartitionSource> partition_queue(const std::string& topic, const transport::PartitionId& id,
                                                   Fetched::Kind kind) const;
  void assign(const rd_kafka_topic_partition_list_t& partitions);
  void unassign(const rd_kafka_topic_partition_list_t& partitions);
  // Whether it was thrown out of its group.
  bool is_lost() const { return rd_kafka_assignment_lost(client_.get()) != 0; }

  // Until when its partitions are nobody else's, as far as it has heard.
  Time ours_until() const { return requests_->heard_at() + session_; }
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

  // False: it is dead, and not closed but destroyed.
  bool begin_close();
  bool closed() const { return rd_kafka_consumer_closed(client_.get()) != 0; }

 private:
  MemberClient(const Cluster& cluster, std::shared_ptr<GroupRequests> requests, std::shared_ptr<rd_kafka_t> client,
               std::shared_ptr<Bell> bell);

  Executor& executor_;
  const Duration session_;
  const WhenExpired when_expired_;
  const std::shared_ptr<Bell> bell_;
  const std::shared_ptr<GroupRequests> requests_;  // the client reads it until it ends
  const std::shared_ptr<rd_kafka_t> client_;
  QueueHandle queue_;
};

}  // namespace tidings::kafka
