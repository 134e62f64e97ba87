// The lanes of one subscription: which delivery may run now, which must wait, and for what.
//
// A lane is the in-order queue of one key (of one topic), from whatever partitions its deliveries come; those without a
// key have a lane each. Lanes run side by side; within one, a delivery runs when all before it are done. A strict retry
// holds its lane until its time.
// Suspects (P5) run alone: nothing else of the subscription runs beside one.
//
// A partition that is being given up stays as it is here: the caller drops what waits of it, and releases what a
// run ends in instead of holding it.
//
// What a delivery and its lane need of memory is used again for later ones: it is as much as the most that were here at
// once needed.
//
// Pure: no thread, clock, socket or file. Threads: the caller serialises.
#pragma once

#include <boost/intrusive/list.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tidings/names.hpp"
#include "tidings/transport/settlement.hpp"

namespace tidings::pipeline {

struct LaneLimits {
  std::size_t concurrency = 1;
  // Deliveries of one partition that wait behind strict retries; beyond it the partition is held back (not handed out
  // by the transport any more) until half of them are gone.
  // Twice as many of all partitions together: whichever adds to them is held back, too.
  std::size_t held_max = 256;
  // One delivery counts there as one for each that many bytes of its record, begun ones included.
  std::size_t held_unit_bytes = 64u << 10;
};

// Names a delivery inside Lanes, until it is gone.
using Ticket = std::uint64_t;

// Names a lane for as long as any of its deliveries is there.
using LaneNumber = std::uint64_t;

enum class LaneFlow { held_back, flowing };

struct FlowChange {
  transport::PartitionId partition;
  LaneFlow flow = LaneFlow::flowing;
};

class Lanes final {
 public:
  explicit Lanes(LaneLimits limits);

  // Takes a delivery in, behind those of its lane.
  void admit(transport::Delivery&& delivery);

  // Up to `max` deliveries to run now, in the order in which they must be handled; several of one lane may come
  // together, for callers that handle them one after another (max_per_lane > 1). Takes no more lanes than
  // `concurrency` leaves. A suspect comes alone and only when nothing else runs.
  std::vector<Ticket> take(Time now, std::size_t max, std::size_t max_per_lane);
  // The same into what is used again; it is emptied before.
  void take(Time now, std::size_t max, std::size_t max_per_lane, std::vector<Ticket>& into);

  // Whether take() would return something now.
  bool ready(Time now) const;
  // When the next waiting retry is due; kNever: none waits.
  Time next_due() const;

  const transport::Delivery& at(Ticket ticket) const;
  transport::Delivery& at(Ticket ticket);
  LaneNumber lane_number(Ticket ticket) const { return items_[ticket].lane->opened; }

  // A note on a delivery that its lane keeps, for the caller: handled with others, it spoils what they do.
  void set_spoils(Ticket ticket) { items_[ticket].spoils = true; }
  bool spoils(Ticket ticket) const { return items_[ticket].spoils; }

  // What came of a taken delivery. Every taken ticket ends in exactly one of these. Of several taken of one lane, those
  // that return to it (hold, put_back) do so last first.
  void done(Ticket ticket);                                // gone: the lane goes on
  void hold(Ticket ticket, transport::Attempts attempts);  // strict retry: first in its lane, not before attempts.due
  void put_back(Ticket ticket);                            // not run: first in its lane again
  // Not run here: gone, with what waits behind it in its lane. Returns both, in order, for release.
  std::vector<transport::Delivery> give_back(Ticket ticket);

  // Drops what is not running of these partitions (all: of everything) and returns it, for release.
  std::vector<transport::Delivery> drop(const std::vector<transport::PartitionId>& partitions);
  std::vector<transport::Delivery> drop_all();

  // Those that run now of these partitions, in no order.
  std::vector<Ticket> running_of(const std::vector<transport::PartitionId>& partitions) const;

  // Of a partition that is held back: what waits behind its retries beyond half of held_max (beyond the retries, while
  // those of all partitions are too many), last of their keys first dropped. Returned in order for release: it would
  // fill what may be in flight, and other partitions would wait, too.
  std::vector<transport::Delivery> trim(const transport::PartitionId& partition);

  // Partitions to hold back or to let flow since the last call.
  std::vector<FlowChange> flow_changes();
  bool has_flow_changes() const { return !changes_.empty(); }

  std::size_t size() const { return items_.size() - free_items_.size(); }  // admitted and not done
  std::size_t running() const { return running_; }
  std::size_t waiting() const { return due_.size(); }  // strict retries before their time
  std::size_t busy_lanes() const { return busy_lanes_; }

 private:
  using Links = boost::intrusive::list_member_hook<boost::intrusive::link_mode<boost::intrusive::normal_link>>;
  using PartitionIndex = std::size_t;  // into partitions_
  struct Partition {
    transport::PartitionId id;
    std::size_t held = 0;                        // by weight, behind waiting retries
    std::optional<std::size_t> held_back_until;  // held back: it flows again when no more than that are held
  };
  struct Lane;
  struct Item {
    explicit Item(Ticket ticket_) : ticket{ticket_} {}

    const Ticket ticket;  // its place in items_
    Links links;
    transport::Delivery delivery;  // its taker's while taken
    Lane* lane = nullptr;          // null: free
    PartitionIndex partition = 0;
    bool taken = false;
    bool spoils = false;
    std::size_t weight = 1;
  };
  using Items = boost::intrusive::list<Item, boost::intrusive::member_hook<Item, Links, &Item::links>>;
  // What a lane's queue holds of one partition.
  struct Share {
    PartitionIndex partition = 0;
    std::size_t weight = 0;
  };
  struct LaneName {
    std::string_view topic;
    std::string_view key;
    std::size_t hash = 0;
  };
  struct Lane {
    Links links;
    LaneNumber opened = 0;  // later ones have more
    bool named = false;     // not of one delivery without key
    std::string topic;
    std::string key;
    std::size_t hash = 0;       // of both
    Items queue;                // not taken, in order
    std::vector<Share> shares;  // of the queue; most often one
    std::size_t taken = 0;      // of this lane, now running
    std::optional<Time> due;    // of the first of the queue, which waits
    bool ready = false;         // it is in ready_

    void add(const Item& item);
    void remove(const Item& item);
  };
  using ReadyLanes = boost::intrusive::list<Lane, boost::intrusive::member_hook<Lane, Links, &Lane::links>>;
  struct Older {
    bool operator()(const Lane* left, const Lane* right) const { return left->opened < right->opened; }
  };
  struct Due {
    Time at;
    LaneNumber opened = 0;
    Lane* lane = nullptr;
    friend auto operator<=>(const Due&, const Due&) = default;
  };
  // Of lanes by their names.
  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(const LaneName& name) const { return name.hash; }
    std::size_t operator()(const Lane* lane) const { return lane->hash; }
  };
  struct NameEqual {
    using is_transparent = void;
    bool operator()(const LaneName& name, const Lane* lane) const {
      return name.hash == lane->hash && name.key == lane->key && name.topic == lane->topic;
    }
    bool operator()(const Lane* lane, const LaneName& name) const { return (*this)(name, lane); }
    bool operator()(const Lane* left, const Lane* right) const { return left == right; }
  };

  static LaneName name_of(const transport::Delivery& delivery);
  PartitionIndex index_of(const transport::PartitionId& partition);
  std::vector<PartitionIndex> indices_of(const std::vector<transport::PartitionId>& partitions) const;
  std::size_t weight_of(const transport::Delivery& delivery) const;
  Lane& lane_of(const transport::Delivery& delivery);
  Lane& open_lane();
  void close(Lane& lane);
  Item& new_item();
  void forget(Item& item);
  void refresh(Lane& lane);
  void wake_due(Time now);
  void take_from(Lane& lane, std::size_t count, std::vector<Ticket>& into);
  void return_to_lane(Item& item);
  void end_of_run(Lane& lane);
  void add_held(PartitionIndex partition, std::size_t weight);
  void remove_held(PartitionIndex partition, std::size_t weight);
  void let_flow(Partition& partition);
  void set_due(Lane& lane, std::optional<Time> due);
  void enter_ready(Lane& lane);
  void leave_ready(Lane& lane);
  template <class Wanted>
  void drop_from(Lane& lane, const Wanted& wanted, std::vector<transport::Delivery>& into);
  void trim_lane(Lane& lane, PartitionIndex partition, std::size_t share, std::vector<transport::Delivery>& into);
  template <class Wanted>
  std::vector<Lane*> open_lanes(const Wanted& wanted);
  std::vector<Lane*> lanes_of(const std::vector<PartitionIndex>& partitions);

  LaneLimits limits_;
  LaneNumber opened_ = 0;
  std::size_t running_ = 0;
  std::size_t busy_lanes_ = 0;
  bool solo_ = false;       // a suspect runs
  std::deque<Item> items_;  // in use and free; they stay where they are
  std::vector<Ticket> free_items_;
  std::deque<Lane> lanes_;  // likewise
  std::vector<Lane*> free_lanes_;
  boost::unordered_flat_set<Lane*, NameHash, NameEqual> by_name_;
  ReadyLanes ready_;                   // oldest readiness first
  std::set<Lane*, Older> suspects_;    // lanes whose first is a suspect and ready
  std::set<Due> due_;                  // waiting lanes
  std::vector<Partition> partitions_;  // all that were ever seen
  std::map<transport::PartitionId, PartitionIndex> by_id_;
  PartitionIndex last_partition_ = 0;  // that was admitted
  std::size_t held_in_all_ = 0;
  std::size_t held_back_ = 0;  // how many of partitions_
  std::vector<FlowChange> changes_;
};

}  // namespace tidings::pipeline
