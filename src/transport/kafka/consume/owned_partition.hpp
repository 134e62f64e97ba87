// A partition that this member of a group owns: what of it is fetched, in flight, given back, settled and committed.
//
// Threads: one at a time (MemberState::mutex).
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "transport/driver/instance_board.hpp"
#include "transport/driver/settle_call.hpp"
#include "transport/kafka/consume/fetched.hpp"
#include "transport/kafka/consume/partition_source.hpp"
#include "transport/kafka/format/partition_progress.hpp"
#include "transport/kafka/format/suspect_window.hpp"

namespace tidings::kafka {

using transport::Answers;
using transport::Waiter;

// How much more may be in flight.
struct Room {
  std::size_t records = 0;
  std::int64_t bytes = 0;  // as long as there are any, one more comes, however large
};

class OwnedPartition final {
 public:
  // `slot` is its number among all that a consumer ever owned: a partition that comes back is another one.
  // `window_max`: how many records may be in flight beyond those of which a commit has said so. `board`: what the life
  // before was handling, and where ours stands; none: there is no such thing. `life`: ours, for commits.
  OwnedPartition(transport::PartitionId id, std::uint64_t slot, std::uint32_t window_max, CommitRecord found,
                 std::unique_ptr<PartitionSource> source, std::shared_ptr<transport::InstanceBoard> board,
                 std::uint64_t life);

  const transport::PartitionId& id() const { return id_; }
  std::uint64_t slot() const { return slot_; }

  // ---- Handing out
  void set_paused(bool paused) { paused_ = paused; }
  // Nothing more: it goes to another owner.
  void stop() { stopped_ = true; }
  bool stopped() const { return stopped_; }
  // What may be handed out now, as far as there is room. `hops`: offsets of copies that have to wait on, elsewhere.
  void hand_out(Room& room, Time now, std::vector<transport::Delivery>& to, std::vector<std::int64_t>& hops);
  // How many were gone before they were fetched, since this was asked last.
  std::uint64_t take_expired() { return std::exchange(expired_, 0); }
  // When the next of a retry topic has waited long enough; kNever: nothing waits.
  Time waits_until() const { return waits_until_; }
  std::size_t out_count() const { return out_count_; }
  std::size_t out_bytes() const { return out_bytes_; }

  // ---- What is in flight, by the offset in its token
  enum class Held {
    out,         // its handler has it
    publishing,  // likewise, and what it settles by is being published
    released,    // given back: handed out again before what comes later
    hopping,     // a copy that goes to its next step
  };
  // None: it is not in flight.
  std::optional<Held> held(std::int64_t offset) const;
  void hold_as(std::int64_t offset, Held as);
  const FetchedRecord& record_at(std::int64_t offset) const;
  const transport::Attempts& attempts_at(std::int64_t offset) const { return attempts_of(held_.at(offset)); }
  void settle(std::int64_t offset);
  // In two steps, around a transaction: the first changes what a commit says, the second ends it here too, or takes it
  // back.
  void begin_settling(std::int64_t offset);
  void finish_settling(std::int64_t offset);
  void undo_settling(std::int64_t offset);
  void retry(std::int64_t offset, const transport::Attempts& attempts);
  void mark(std::int64_t offset, int crashes);
  // Whether what a commit says changed.
  bool release(std::int64_t offset);
  // Whether a commit could say that this one, too, is tried, whatever is settled between those that are.
  bool has_room_to_retry(std::int64_t offset) const;

  // As a last commit would say it: without the marks of what runs, and suspect is what was that before.
  CommitRecord left() const { return progress_.last_record(); }

  // ---- Commits. Each change has a number; a commit says all up to one.
  struct Commit {
    std::int64_t offset = 0;
    std::string metadata;
    std::uint64_t change = 0;
    std::int64_t in_flight_below = 0;
    bool is_cut = false;  // there is no room for all that is settled: it says less, and `change` is an older one
  };
  enum class Last { no, yes };
  bool has_news() const { return changes_ > committing_; }
  bool is_urgent() const { return urgent_; }
  void make_urgent() { urgent_ = true; }
  std::uint64_t change_count() const { return changes_ - committed_; }
  Commit next_commit(Last last);
  void committed(const Commit& commit, Answers& answers);
  // None of it is known to be there: the next one says it again.
  void commit_failed() {
    committing_ = committed_;
    committing_below_ = handed_below_;
    urgent_ = true;
  }
  bool all_committed() const { return committed_ == changes_; }

  // Answered when what is settled now is committed.
  void answer_later(std::int64_t offset, Waiter waiter, Answers& answers);
  bool is_waited_for() const { return !waiting_.empty(); }
  // Those whose deadline has passed: not known to be done.
  void expire(Time now, Answers& answers);
  // All that wait: somebody else owns it now.
  void lose(Answers& answers);
  // Whether an answer of that one was `unavailable`, and has not been asked for again: it is now.
  bool was_doubtful(std::int64_t offset) { return doubtful_.erase(offset) > 0; }

 private:
  struct Item {
    std::shared_ptr<const Fetched> batch;
    std::uint32_t index = 0;
    Held held = Held::out;
    bool suspect = false;
    std::unique_ptr<transport::Attempts> attempts;  // as it was handed out, or settled not finally since; none: none
    std::unique_ptr<PartitionProgress::Open> settling;
  };
  struct Waiting {
    std::uint64_t change = 0;
    std::int64_t offset = 0;
    Waiter waiter;
  };

  std::size_t room_needed(CommitRecord record) const;
  void cut(const CommitRecord& record, Commit& commit);
  static PartitionProgress begin(CommitRecord found, std::uint64_t slot, transport::InstanceBoard* board);
  static const transport::Attempts& attempts_of(const Item& item);
  static const FetchedRecord& record_of(const Item& item) { return item.batch->records()[item.index]; }
  void clear_suspicion(std::int64_t offset, Item& item);
  bool fetch(std::size_t max);
  bool is_early(const FetchedRecord& record, Time now);
  void give(std::int64_t offset, Item& item, Room& room, std::vector<transport::Delivery>& to);
  void changed() { ++changes_; }

  const transport::PartitionId id_;
  const std::uint64_t slot_;
  const std::unique_ptr<PartitionSource> source_;
  const std::shared_ptr<transport::InstanceBoard> board_;
  const std::uint64_t life_;
  PartitionProgress progress_;
  bool paused_ = false;
  bool stopped_ = false;

  std::shared_ptr<const Fetched> ahead_;  // fetched and, from `ahead_index_` on, not handed out
  std::size_t ahead_index_ = 0;
  Time waits_until_ = kNever;
  std::uint64_t expired_ = 0;
  OffsetTable<Item> held_;
  std::set<std::int64_t> released_;
  std::size_t out_count_ = 0;  // out or publishing
  std::size_t out_bytes_ = 0;
  std::size_t hop_count_ = 0;

  SuspectWindow window_;
  std::int64_t next_at_commit_;    // where handing out was, when the last one went
  std::int64_t handed_below_;      // a commit said that what lies before it may be in flight
  std::int64_t committing_below_;  // likewise, and is under way
  std::uint64_t changes_ = 1;      // the first: that we own it
  std::uint64_t committing_ = 0;
  std::uint64_t committed_ = 0;
  std::size_t metadata_bytes_ = 0;  // of the last commit
  bool urgent_ = true;
  std::deque<Waiting> waiting_;
  std::set<std::int64_t> doubtful_;
};

}  // namespace tidings::kafka
