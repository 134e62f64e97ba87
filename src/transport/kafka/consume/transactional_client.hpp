// Kafka transactions, one after another: messages and offsets of a group that are there together, or not at all.
//
// Owns:    a librdkafka producer with a transactional.id; who opens another with that id ends what this one has open.
// Threads: one at a time.
// Blocks:  open() and run(), until the broker answers or the deadline; kRequestWithin where none is given.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "transport/kafka/consume/member_client.hpp"
#include "transport/kafka/publish/producer.hpp"

namespace tidings::kafka {

using GroupMetadataHandle = Owned<rd_kafka_consumer_group_metadata_t, rd_kafka_consumer_group_metadata_destroy>;

// How far a group is, as the member of that metadata says it.
struct GroupOffsets {
  std::vector<CommitOf> offsets;
  GroupMetadataHandle member;
};

class TransactionalClient final {
 public:
  static Result<std::unique_ptr<TransactionalClient>> open(const Cluster& cluster, const std::string& transactional_id,
                                                           std::optional<Time> deadline = {});

  // What is wrong where it was not committed: `refused` has those messages that are at fault themselves. conflict:
  // another client, or another member, took over. unavailable: it may or may not be there only if `doubtful`.
  struct Outcome {
    Result<void> result;
    std::map<std::size_t, Error> refused;
    bool doubtful = false;
  };
  // All of it. The messages' `answered` is not called.
  Outcome run(std::span<const Message* const> messages, const GroupOffsets* group);
  // After such an outcome, and after a doubtful one, a new one is needed: opened, it has ended what is under way.
  bool is_dead() const;

 private:
  TransactionalClient(const Cluster& cluster, ClientHandle client) : cluster_{cluster}, client_{std::move(client)} {}

  Result<void> send(std::span<const Message* const> messages, Time deadline, std::map<std::size_t, Error>& refused);
  Result<void> add(const GroupOffsets& group, Time deadline);
  Result<void> commit(Time deadline);
  Result<void> commit_or_fail(Time deadline);
  void abort();
  Error fatal(std::string_view doing) const;
  Error failed(const rd_kafka_error_t& error, std::string_view doing) const;
  int within(Time deadline) const;

  bool has_died() const;

  const Cluster& cluster_;
  const ClientHandle client_;
  bool spoiled_ = false;  // it waits for ever for the end of something that took too long
};

}  // namespace tidings::kafka
