// A member of one Kafka group: owns partitions, hands out what they bring, settles and commits.
//
// Owns:    a librdkafka consumer and a thread, `kafka-member`, which keeps the membership alive whatever handlers do.
// Threads: take() by one thread at a time; everything else by any. Answers come on its thread, under no lock.
// Blocks:  nothing but join() and the destructor, which leaves the group: at most kCloseWithin.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "transport/driver/bell.hpp"
#include "transport/driver/publish_turns.hpp"
#include "transport/kafka/consume/copies.hpp"
#include "transport/kafka/consume/member_client.hpp"
#include "transport/kafka/consume/member_inbox.hpp"
#include "transport/kafka/consume/orphan_watch.hpp"
#include "transport/kafka/consume/owned_partition.hpp"
#include "transport/kafka/consume/topic_maker.hpp"
#include "transport/kafka/consume/transactor.hpp"

namespace tidings::kafka {

using transport::Bell;

struct MemberSpec {
  MemberClient::Who who;
  Subscriber subscriber;
  Fetched::Kind kind = Fetched::Kind::events;
  transport::Start start;
  bool transactional = false;  // what handlers publish, too, is published with the settlement
  // What it reads now, on the cluster. Asked again and again, by the member's thread.
  std::function<Result<std::set<std::string>>()> topics;
  // Who is, or was, a member of the group, for what they left undone: instances.
  std::function<std::vector<std::string>()> peers;
  EnsureTopic ensure_topic;
  // So many events of that topic are gone, which the group had not settled. Blocks.
  std::function<void(const std::string& topic, std::uint64_t count)> expired = {};
  // It is a member again, after another process had its name. Blocks.
  std::function<void()> returned = {};
  std::shared_ptr<transport::InstanceBoard> board;  // none: what may be in flight is all that is known after its death
  std::uint64_t life = 0;  // number of this one, by which its commits are known: the board's, if it has one
  // Of the numbers of partitions that it owned: the first, and the distance of two.
  std::uint64_t first_slot = 1;
  std::uint64_t slot_step = 1;
};

class KafkaMember final {
 public:
  // Joins; the group has a position in what it reads when this returns.
  static Result<std::unique_ptr<KafkaMember>> join(std::shared_ptr<Cluster> cluster, std::shared_ptr<Producer> producer,
                                                   MemberSpec spec, std::shared_ptr<Bell> bell);
  ~KafkaMember();
  KafkaMember(const KafkaMember&) = delete;
  KafkaMember& operator=(const KafkaMember&) = delete;

  // What is there, as far as there is room.
  void take(Room& room, transport::Batch& batch);
  // When something will be there that is not yet.
  Time waits_until() const;
  struct InFlight {
    std::size_t records = 0;
    std::size_t bytes = 0;
  };
  InFlight in_flight() const;
  // What the broker refuses it, until it is told; until it comes back where it was fenced.
  std::optional<Error> trouble();

  void settle(SettleOrders orders) { inbox_->put(std::move(orders)); }
  void set_paused(const transport::PartitionId& partition, bool paused);

 private:
  // Partitions that go to another member, once nothing of them is in flight, or at the deadline.
  struct Revocation {
    PartitionListHandle partitions;
    PartitionListHandle asked;  // librdkafka waits to hear that these are given up; none: it did not ask
    Time deadline{};
    std::optional<Time> last_commit_until;  // it is under way
  };
  struct CommitUnderWay {
    std::map<std::uint64_t, OwnedPartition::Commit> commits;  // by slot
  };

  KafkaMember(std::shared_ptr<Cluster> cluster, std::shared_ptr<Producer> producer, MemberSpec spec,
              std::shared_ptr<Bell> bell, std::unique_ptr<MemberClient> client);

  // What the group committed. Where the transaction of a member that died is in the way, it is ended.
  Result<std::vector<Committed>> look_up(const rd_kafka_topic_partition_list_t& partitions) const;
  void end_transactions_of_peers() const;
  // A group has a member for each of its subscriptions.
  std::string transactional_id(const std::string& instance) const {
    return spec_.who.group_id + "." + spec_.subscriber.subscription + "." + instance;
  }
  Result<void> establish_positions(const std::set<std::string>& topics);
  Result<std::vector<PartitionOffset>> starts_of(std::vector<PartitionOffset> partitions) const;

  void note_expired(OwnedPartition& partition, transport::Batch& batch);

  // ---- Its thread (kafka_member.cpp)
  void count_expired();
  void run();
  void turn(Time deadline);
  Time next_turn(Time now);
  Time next_look(Time now) const;
  void handle(rd_kafka_event_t& event);
  void note_trouble(rd_kafka_event_t& event);
  void refresh_topics(Time now);
  void leave();
  PartitionListHandle all_partitions() const;
  void give_up_all();

  // ---- Fenced, and back (member_return.cpp)
  void go_out(Error why);
  void come_back();
  bool may_come_back() const;

  // ---- Ownership (member_ownership.cpp)
  void rebalance(rd_kafka_event_t& event);
  void try_assign();
  Result<void> skip_expired(std::vector<Committed>& found);
  void own(const std::vector<Committed>& found);
  void absolve(const transport::PartitionId& id, CommitRecord& found);
  void begin_revocation(const rd_kafka_topic_partition_list_t& partitions);
  void go_on_revoking(Time now);
  Time next_of_revocation(Time now) const;
  void finish_revocation();
  void lose(const rd_kafka_topic_partition_list_t& partitions);
  std::vector<OwnedPartition*> owned(const rd_kafka_topic_partition_list_t& partitions);
  transport::PartitionId id_of(const std::string& topic, std::int32_t partition) const;

  // ---- Commits (member_commits.cpp)
  void commit_what_is_due(Time now);
  bool commit_is_due(Time now) const;
  // Whether it is under way now.
  bool try_commit(const std::vector<OwnedPartition*>& partitions, OwnedPartition::Last last, Time now);
  void commit(const std::vector<OwnedPartition*>& partitions, OwnedPartition::Last last);
  void commit_answered(rd_kafka_event_t& event);
  Time next_commit_at(Time now) const;

  // ---- Settlements (member_settling.cpp)
  // What those of one call publish, behind what earlier ones do.
  struct Outgoing {
    std::vector<Message>& messages;
    std::shared_ptr<transport::PublishTurns> turns;  // none: of these none published so far
  };
  void read_letters();
  void perform(SettleOrders& orders, std::vector<Message>& messages);
  void perform_one(transport::Settlement& settlement, Waiter waiter, Outgoing& outgoing);
  void perform_on(OwnedPartition& partition, std::int64_t offset, transport::Settlement& settlement, Waiter waiter,
                  Outgoing& outgoing);
  void publish_then_settle(OwnedPartition& partition, std::int64_t offset, Waiter waiter, std::vector<Message> own,
                           Outgoing& outgoing);
  void published(Published& published);

  // ---- Transactions (member_transactions.cpp)
  void transact_later(OwnedPartition& partition, std::int64_t offset, Waiter waiter, std::vector<Message> messages);
  void transact(Time now);
  std::vector<TransactionOrder> take_ready_orders();
  void want_topics(const TransactionOrder& order);
  void made(const TopicMade& made);
  void refuse(TransactionOrder order, const Error& error, Time now);
  void begin_transaction(std::vector<TransactionOrder> orders, const std::vector<OwnedPartition*>& partitions,
                         OwnedPartition::Last last, Time now);
  void expire_orders(Time now);
  const std::string* awaited_for(const TransactionOrder& order) const;
  // Which are not waiting for a topic.
  bool has_orders_to_transact() const;
  bool may_transact(TransactionOrder& order);
  void transacted(TransactionAnswer& answer);
  void not_transacted(TransactionAnswer& answer);
  std::vector<OwnedPartition*> with_news();

  // ---- Retries on their way to their next step (member_hops.cpp)
  void hop(const Hop& hop);
  void hop_refused(TransactionOrder order, const Error& why, Time now);
  void hop_again(Time now);
  Message next_copy(OwnedPartition& partition, const TransactionOrder& order, Time now) const;

  const std::shared_ptr<Cluster> cluster_;
  const std::shared_ptr<Producer> producer_;
  const MemberSpec spec_;
  const std::shared_ptr<Bell> bell_;
  std::unique_ptr<MemberClient> client_;  // the thread's, but for its wake(): another one after each return
  const std::shared_ptr<MemberInbox> inbox_;

  mutable std::mutex mutex_;  // of what take() and the thread share; never held while calling out
  std::map<std::uint64_t, std::unique_ptr<OwnedPartition>> partitions_;  // by slot
  std::vector<transport::Notice> notices_;
  std::uint64_t served_ = 0;  // slot of the partition that was handed out last
  std::set<transport::PartitionId> paused_;
  std::map<std::string, std::uint64_t> expired_;  // by topic, not counted yet
  Time ours_until_{};                             // what it has: the coordinator gives it to nobody else before
  std::optional<Error> trouble_;
  bool trouble_stays_ = false;
  bool stopping_ = false;

  // The thread's own.
  Answers answers_;
  std::set<std::string> topics_;  // that it subscribes to
  // What it lost, and how it left that: as many as it ever owned.
  struct Lost {
    std::uint64_t slot = 0;
    CommitRecord left;
  };
  std::map<transport::PartitionId, Lost> lost_;
  Time refresh_at_{};
  std::uint64_t next_slot_;
  PartitionListHandle assigned_;  // and not taken yet
  Time assign_again_at_{};
  std::optional<Revocation> revocation_;
  // One at a time: a broker takes one request of a connection at a time.
  std::unique_ptr<CommitUnderWay> commit_under_way_;
  Time committed_at_{};
  Time commit_not_before_{};
  std::deque<TransactionOrder> to_transact_;    // as many as callers leave unanswered, and kHopsMax of each partition
  std::deque<TransactionOrder> refused_hops_;   // kHopsMax of each partition, with those
  std::set<std::string> ready_topics_;          // for copies
  std::map<std::string, std::string> awaited_;  // topics that are not there yet, and why
  std::unique_ptr<TopicMaker> topic_maker_;
  std::unique_ptr<Transactor> transactor_;
  bool transacting_ = false;
  Time transact_not_before_{};
  bool leaving_ = false;
  bool assigned_once_ = false;
  Time come_back_at_ = kNever;
  std::unique_ptr<OrphanWatch> orphans_;  // of who has a name, from its first assignment on

  std::unique_ptr<Thread> thread_;
};

}  // namespace tidings::kafka
