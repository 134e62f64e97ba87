// A queue of a subscription that this process is the active consumer of: what came of it, is in flight, given back and
// settled.
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
#include "transport/rabbitmq/message.hpp"

namespace tidings::rabbitmq {

// How much more may be in flight.
struct Room {
  std::size_t records = 0;
  std::int64_t bytes = 0;  // as long as there are any, one more comes, however large
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
  OwnedQueue(transport::PartitionId id, std::uint64_t slot) : id_{std::move(id)}, slot_{slot} {}

  const transport::PartitionId& id() const { return id_; }
  std::uint64_t slot() const { return slot_; }

  void arrive(std::shared_ptr<const Message> message, Known known);
  // Of all that is not settled, by which it is known again.
  std::vector<std::string> keys() const;

  void set_paused(bool paused) { paused_ = paused; }
  // Nothing more: it goes to another owner.
  void stop() { stopped_ = true; }
  void hand_out(Room& room, Time now, std::vector<transport::Delivery>& to);
  // When the next retry is due; kNever: none waits.
  Time waits_until() const { return early_.empty() ? kNever : early_.begin()->first; }
  std::size_t out_count() const { return out_.size(); }
  std::size_t out_bytes() const { return out_bytes_; }
  std::size_t unsettled_count() const { return held_.size(); }

  // By the tag in its token. None: it is not in a handler.
  const Message* out(std::uint64_t tag) const;
  const Message& message(std::uint64_t tag) const { return *held_.at(tag).message; }
  Known& known(std::uint64_t tag) { return held_.at(tag).known; }
  const Known& known(std::uint64_t tag) const { return held_.at(tag).known; }
  // Of all that is not settled.
  std::vector<Known> all_known() const;
  // What it settles by is being stored: nobody else settles it meanwhile.
  void begin_settling(std::uint64_t tag) { settling_.insert(tag); }
  bool is_settling(std::uint64_t tag) const { return settling_.contains(tag); }
  // One that waits on elsewhere, and was not handed out.
  void take_away(std::uint64_t tag);
  void undo_settling(std::uint64_t tag) { settling_.erase(tag); }
  void retry(std::uint64_t tag, const transport::Attempts& attempts);
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
  };
  void give(std::uint64_t tag, Held& held, Room& room, std::vector<transport::Delivery>& to);

  const transport::PartitionId id_;
  const std::uint64_t slot_;
  bool paused_ = false;
  bool stopped_ = false;
  std::map<std::uint64_t, Held> held_;  // unsettled, by tag: as they came
  std::set<std::uint64_t> waiting_;     // not handed out, or given back
  std::set<std::pair<Time, std::uint64_t>> early_;
  std::set<std::uint64_t> out_;
  std::set<std::uint64_t> settling_;  // of those
  std::size_t out_bytes_ = 0;
  std::set<std::uint64_t> settled_;  // and not acknowledged
};

}  // namespace tidings::rabbitmq
