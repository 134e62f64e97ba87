// One member of a subscription: the working half of a Consumer.
//
// Its partitions come and go by the store's warden (review), its deliveries by receive(), and what becomes of them by
// settle(), on the writer's thread. Its state in memory runs ahead of nothing: what counts is stored.
//
// Threads: as Consumer.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "tidings/transport/transport.hpp"
#include "transport/driver/running_board.hpp"
#include "transport/local/store/local_store.hpp"
#include "transport/local/tables/holdings.hpp"
#include "transport/local/tables/member_table.hpp"
#include "transport/local/tables/subscriptions.hpp"
#include "transport/local/tables/trial_table.hpp"

namespace tidings::local {

class SettleOp;

struct MemberParts {
  SubscriptionRow subscription;
  MemberRow row;
  std::unique_ptr<transport::RunningBoard> board;
  std::size_t in_flight_max = 0;
  std::size_t in_flight_bytes_max = 0;
};

class Member final : public StoreListener, public AtCommitEnd, public std::enable_shared_from_this<Member> {
 public:
  // `store` must live longer: it is what the transport holds.
  Member(Store& store, MemberParts parts);

  Result<transport::Batch> receive(std::size_t max, Time deadline);
  void settle(std::vector<transport::Settlement> settlements, transport::Consumer::Settled settled);
  void set_flow(std::span<const transport::PartitionId> partitions, transport::Consumer::Flow flow);
  void wake();
  std::span<std::atomic<std::uint64_t>> running() { return board_->slots(); }
  // Gives everything up: what is unsettled goes to others, charged nothing. Refused, it may be called again.
  Result<void> leave(Duration within);

  void rang(Changes changes) override;
  Time review() override;
  void write(Commit& commit) override;

 private:
  friend class SettleOp;
  friend class Scan;
  using Lock = std::unique_lock<std::mutex>;

  // A partition that was just claimed, as it was stored.
  struct Claimed {
    std::uint32_t partition = 0;
    std::uint64_t epoch = 0;
    std::vector<StoredProgress> progress;  // by topic
    std::map<Sequence, Trial> trials;
  };
  struct ProgressRow {
    ProgressKey key;
    std::uint64_t epoch = 0;
    std::string value;
  };

  // member.cpp
  std::size_t room() const;
  std::size_t room_bytes() const;
  bool ready() const;
  std::size_t drop(std::uint32_t partition);
  void drop_unowned(std::vector<transport::Delivery>& deliveries);
  void notify(transport::Notice::Kind kind, const std::vector<std::uint32_t>& partitions);
  void notify_topic(std::uint32_t topic, const std::vector<std::uint32_t>& partitions);
  void add_ids(transport::Notice& notice, std::uint32_t topic, const std::vector<std::uint32_t>& partitions) const;
  void expect_parked(Time due);

  ProgressRow progress_row(const Holdings::Place& place) const;
  bool is_far() const;
  void checkpoint(Lock& lock);

  // member_settle.cpp
  void complete(const SettleOp& op, std::size_t index, bool stored);

  // member_review.cpp
  bool has_left() const;
  std::uint32_t shared_partitions() const;
  void refresh_topics();
  std::vector<std::uint32_t> topics_now(const Catalog& catalog) const;
  void look_at_owners();
  void lose(const std::vector<std::uint32_t>& partitions);
  void begin_revoking(const std::vector<std::uint32_t>& partitions);
  bool finish_revoking();
  bool may_claim();
  bool claim();
  Claimed claim_one(Commit& commit, std::uint32_t partition, std::uint64_t epoch,
                    const std::vector<std::uint32_t>& topics);
  StoredProgress load_or_begin(WriteTransaction& transaction, std::uint32_t partition, std::uint32_t topic);
  void take_over(std::vector<Claimed> claimed);
  void give_up(Commit& commit, std::uint32_t partition);
  void give_up_unseen(WriteTransaction& transaction);

  Store& store_;
  SubscriptionRow subscription_;
  const MemberRow row_;
  const std::unique_ptr<transport::RunningBoard> board_;
  const std::size_t in_flight_max_;
  const std::size_t in_flight_bytes_max_;

  mutable std::mutex mutex_;
  const std::unique_ptr<Condition> changed_;
  Holdings holdings_;
  std::map<std::pair<std::uint32_t, Sequence>, Trial> trials_;  // by partition, of events of ours not in flight
  std::shared_ptr<const Catalog> catalog_;
  std::vector<transport::Notice> notices_;
  std::set<std::uint32_t> revocations_;  // partitions to give up as soon as nothing of them is in flight
  std::optional<Error> fault_;           // for the next receive()
  bool look_events_ = true;
  Time parked_due_{};          // when to look for parked ones next
  bool parked_moved_ = false;  // parked_due_ came nearer
  bool woken_ = false;
  bool left_ = false;
  Sequence checkpoint_at_ = 0;  // how far the scan is at least when the next checkpoint is asked for
  Sequence raised_at_ = 0;      // where the scan stood when all of it was stored last

  std::optional<ReadTransaction> reader_;  // of receive()
};

}  // namespace tidings::local
