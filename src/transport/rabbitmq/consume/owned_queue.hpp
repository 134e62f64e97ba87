// A queue of a subscription that this process is the active consumer of: what came of it, is in flight, given back and
// settled.
//
// A delivery's token says the slot, and as place two parts: by one its message is known again in another life, by the
// other it is found here.
//
// Threads: one at a time (the consumer's mutex). Pure.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tidings/transport/transport.hpp"
#include "transport/rabbitmq/consume/queue_suspects.hpp"
#include "transport/rabbitmq/format/message.hpp"

namespace tidings::rabbitmq {

// How much more may be in flight.
struct Room {
  std::size_t records = 0;
  std::int64_t bytes = 0;  // as long as there are any, one more comes, however large
};

// What is known of a queue's messages from those who had it before.
struct QueueBefore {
  QueueSuspects suspects;                             // not `before`: what that was
  std::map<std::string, transport::Attempts> trials;  // by Trials::key_of()
  bool competing = false;                             // others have it at the same time
};

class OwnedQueue final {
 public:
  // What was known of a message before it came.
  struct Known {
    transport::Attempts attempts;
    bool suspect = false;
    int replays = 0;
    std::string replay_id;
    std::optional<Time> not_before;  // a retry that is not due yet
    std::string trial;               // key of what is stored of it; empty: nothing is
    bool marked = false;             // that says that it runs, too
  };

  // `slot` is its number among all that a consumer ever had: one that comes back is another one.
  OwnedQueue(transport::PartitionId id, std::uint64_t slot, QueueBefore before)
      : id_{std::move(id)}, slot_{slot}, before_{std::move(before)} {}

  const transport::PartitionId& id() const { return id_; }
  std::size_t number() const { return static_cast<std::size_t>(id_.partition); }
  std::uint64_t slot() const { return slot_; }

  // What is known of it is ours from then on.
  void arrive(std::shared_ptr<const Message> message, Time now);
  // What others tried of it.
  void learn(std::map<std::string, transport::Attempts> trials) { before_.trials = std::move(trials); }
  // Keys of trials whose message is gone: whoever had it acknowledged it and died before the trial was erased, or the
  // queue was emptied. None, where others have the queue, too.
  std::vector<std::string> take_gone();
  // What the next owner has to take for suspect.
  QueueSuspects suspects() const;

  void set_paused(bool paused) { paused_ = paused; }
  // Nothing more: it goes to another owner, what is in flight at the deadline, too.
  void stop(Time deadline) { stops_at_ = deadline; }
  bool has_stopped(Time now) const { return stops_at_ && (out_.empty() || now >= *stops_at_); }
  bool has_in_flight() const { return !out_.empty(); }
  void hand_out(Room& room, Time now, std::vector<transport::Delivery>& to);
  // When the next retry is due; kNever: none waits.
  Time waits_until() const { return early_.empty() ? kNever : early_.begin()->first; }
  std::size_t out_count() const { return out_.size(); }
  std::size_t out_bytes() const { return out_bytes_; }
  std::size_t settled_count() const { return settled_.size(); }  // and not acknowledged
  std::size_t unsettled_count() const { return held_.size(); }
  // The time of the first of those.
  std::optional<Time> oldest() const;

  // Of a delivery's token: its tag. None: it is not here any more.
  std::optional<std::uint64_t> tag_of(std::uint64_t token) const;
  std::uint64_t token_of(std::uint64_t tag) const;
  // None: it is not in a handler.
  const Message* out(std::uint64_t tag) const;
  const Message& message(std::uint64_t tag) const { return *held_.at(tag).message; }
  Known& known(std::uint64_t tag) { return held_.at(tag).known; }
  const Known& known(std::uint64_t tag) const { return held_.at(tag).known; }
  // Of all that runs alone now.
  std::vector<Known> marked() const;
  // What it settles by is being stored: nobody else settles it meanwhile.
  void begin_settling(std::uint64_t tag) { settling_.insert(tag); }
  bool is_settling(std::uint64_t tag) const { return settling_.contains(tag); }
  // One that waits on elsewhere, and was not handed out.
  void take_away(std::uint64_t tag);
  void undo_settling(std::uint64_t tag) { settling_.erase(tag); }
  void release(std::uint64_t tag);
  // It is done with: to be acknowledged.
  void settle(std::uint64_t tag);

  struct Ack {
    std::uint64_t tag = 0;
    bool and_all_before = false;

    friend bool operator==(const Ack&, const Ack&) = default;
  };
  // What was settled since: a range where all that came before is settled, and single ones.
  std::vector<Ack> take_acks();

 private:
  struct Held {
    std::shared_ptr<const Message> message;
    Known known;
    std::int64_t place = 0;
  };
  Known known_of(const Message& message, std::int64_t place);
  bool is_suspect(const Message& message, std::int64_t place);
  bool is_behind_all(const Message& message) const;
  void give(const Held& held, Room& room, std::vector<transport::Delivery>& to);

  const transport::PartitionId id_;
  const std::uint64_t slot_;
  QueueBefore before_;
  std::vector<std::string> gone_;
  bool paused_ = false;
  std::optional<Time> stops_at_;
  std::map<std::uint64_t, Held> held_;  // unsettled, by tag: as they came
  // A tag's node goes from one of these sets to the next.
  std::set<std::uint64_t> waiting_;  // not handed out, or given back
  std::set<std::pair<Time, std::uint64_t>> early_;
  std::set<std::uint64_t> out_;
  std::set<std::uint64_t> settling_;  // of those
  std::size_t out_bytes_ = 0;
  std::set<std::uint64_t> settled_;  // and not acknowledged
};

}  // namespace tidings::rabbitmq
