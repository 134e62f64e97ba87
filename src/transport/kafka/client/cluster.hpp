// A Kafka cluster as one opened transport sees it: its settings, the clients that are made of them, and requests that
// are answered.
//
// Owns:    one client of its own, for requests.
// Threads: any, at once.
// Blocks:  requests, until they are answered or their deadline, kRequestWithin where none is given.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tidings/executor.hpp"
#include "transport/driver/fault_plan.hpp"
#include "transport/kafka/client/client_watch.hpp"
#include "transport/kafka/client/kafka_options.hpp"
#include "transport/kafka/client/rdkafka.hpp"
#include "transport/kafka/client/topic_names.hpp"

namespace tidings::kafka {

// Properties of librdkafka: https://github.com/confluentinc/librdkafka/blob/v2.0.2/CONFIGURATION.md
using Settings = std::vector<std::pair<std::string, std::string>>;

// A partition on the cluster.
struct PartitionOffset {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
};

// written: also what is of a transaction that is open.
enum class Bound { earliest, latest, written };

class Cluster final {
 public:
  // unavailable: no broker answered in time; the message has librdkafka's last words.
  static Result<std::shared_ptr<Cluster>> open(KafkaOptions options, std::shared_ptr<Executor> executor);
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  const KafkaOptions& options() const { return options_; }
  Executor& executor() const { return *executor_; }
  const std::shared_ptr<Executor>& shared_executor() const { return executor_; }
  const TopicNames& names() const { return names_; }
  transport::FaultPlan& faults() const { return faults_; }
  Time soon() const;  // when a request that nobody gave a deadline has failed

  // A client of its own for who asks; `prepare` sets what is no text. The user's properties win over `settings` where
  // they may. invalid: a property that librdkafka does not take.
  Result<ClientHandle> client(rd_kafka_type_t type, const Settings& settings,
                              const std::function<void(rd_kafka_conf_t*)>& prepare = {}) const;

  // Of the whole cluster, by name there: the number of partitions.
  using Topics = std::map<std::string, std::int32_t, std::less<>>;
  Result<Topics> topics(std::optional<Time> deadline = {}) const;
  // Of one: none, where it is not there. One that is there is remembered for kTopicsKnownFor.
  Result<std::optional<std::int32_t>> partitions(const std::string& topic, std::optional<Time> deadline = {}) const;
  // On how many brokers each partition of it lies, by the one on the fewest; 0: it is not there.
  Result<std::int32_t> copies(const std::string& topic) const;
  // Whether it is there; remembered likewise.
  Result<bool> has_topic(const std::string& topic, std::optional<Time> deadline = {}) const;
  // Those that are there now, by Kafka's numbers.
  Result<std::vector<std::int32_t>> brokers(Time deadline) const;
  Result<void> check(Time deadline) const;
  // Has that client ask who leads the partitions that it knows of.
  Result<void> refresh(rd_kafka_t* client, std::string_view doing) const;

  // Where these partitions begin or end now. Records of a transaction that is open are beyond the end; for one that was
  // just committed it waits, kMarkersWithin at most, until the broker shows it.
  Result<std::vector<PartitionOffset>> offsets(std::vector<PartitionOffset> partitions, Bound bound,
                                               std::optional<Time> deadline = {}) const;
  // Of each the first record at or after that time; the end where there is none.
  Result<std::vector<PartitionOffset>> offsets_at(std::vector<PartitionOffset> partitions, Time time) const;

  // An admin request: `send` sends it, with these options and that queue. Returns its answer, whose parts the caller
  // looks at; `doing` completes "could not ...". What is not answered soon is sent again, to another broker if need be.
  using Send = std::function<void(rd_kafka_t*, rd_kafka_AdminOptions_t*, rd_kafka_queue_t*)>;
  Result<EventHandle> request(rd_kafka_admin_op_t operation, std::string_view doing, const Send& send,
                              std::optional<Time> deadline = {}) const;

  // A group as its coordinator describes it; an empty list: it is not there, or we may not see it.
  Result<GroupListHandle> list_group(const std::string& group, Time deadline) const;

  // What librdkafka said last of something that fails; empty: nothing.
  std::string last_words() const { return watch_->last_words(); }
  // Why a call failed: as to_error() says it, or, where no broker could be asked, what is wrong with the connections.
  Error failure(rd_kafka_resp_err_t code, std::string_view doing, std::string_view words = {}) const;
  // For what was not answered in time: `; ` and what is wrong with the connections, or nothing.
  std::string blame() const;

 private:
  Cluster(KafkaOptions options, std::shared_ptr<Executor> executor);
  Result<void> open_clients();
  struct MetadataDestroyer {
    void operator()(const struct rd_kafka_metadata* metadata) const;
  };
  using MetadataHandle = std::unique_ptr<const struct rd_kafka_metadata, MetadataDestroyer>;
  enum class Which { all, none };  // of the topics, where none is named
  Result<MetadataHandle> metadata(rd_kafka_t* client, Which topics, rd_kafka_topic_t* topic, Time deadline,
                                  std::string_view doing) const;
  Result<MetadataHandle> metadata_of(rd_kafka_t* reader, const std::string& topic, Time deadline) const;
  Result<std::vector<PartitionOffset>> ends(std::vector<PartitionOffset> partitions, Time deadline) const;
  Result<std::vector<PartitionOffset>> list_offsets(rd_kafka_t* reader, std::vector<PartitionOffset> partitions,
                                                    std::int64_t time, Time deadline) const;
  Result<std::vector<PartitionOffset>> list_offsets_once(rd_kafka_t* reader, std::vector<PartitionOffset> partitions,
                                                         std::int64_t time, Time deadline,
                                                         rd_kafka_resp_err_t& code) const;
  void learn_leaders(rd_kafka_t* reader, const std::vector<PartitionOffset>& partitions, Time deadline) const;
  EventHandle request_once(rd_kafka_admin_op_t operation, const Send& send, Time deadline) const;

  const KafkaOptions options_;
  const std::shared_ptr<Executor> executor_;
  const TopicNames names_;
  mutable transport::FaultPlan faults_ = transport::FaultPlan::from_environment();
  const std::unique_ptr<ClientWatch> watch_;  // of all clients
  ClientHandle client_;
  ClientHandle reader_;      // for offsets, which a consumer sees as far as they are committed
  ClientHandle raw_reader_;  // and one that sees them all
  struct Known {
    std::int32_t partitions = 0;
    Time until{};
  };
  std::optional<std::int32_t> known(const std::string& topic) const;
  mutable std::mutex mutex_;
  mutable std::map<std::string, Known, std::less<>> known_;  // replaced whenever all topics were asked for
};

}  // namespace tidings::kafka
