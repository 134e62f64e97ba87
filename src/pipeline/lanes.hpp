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
// Pure: no thread, clock, socket or file. Threads: the caller serialises.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
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

// Names a delivery inside Lanes.
using Ticket = std::uint64_t;

enum class LaneFlow { held_back, flowing };

struct FlowChange {
  transport::PartitionId partition;
  LaneFlow flow = LaneFlow::flowing;
};

class Lanes final {
 public:
  explicit Lanes(LaneLimits limits);

  // Takes a delivery in, behind those of its lane.
  Ticket admit(transport::Delivery delivery);

  // Up to `max` deliveries to run now, in the order in which they must be handled; several of one lane may come
  // together, for callers that handle them one after another (max_per_lane > 1). Takes no more lanes than
  // `concurrency` leaves. A suspect comes alone and only when nothing else runs.
  std::vector<Ticket> take(Time now, std::size_t max, std::size_t max_per_lane);

  // Whether take() would return something now.
  bool ready(Time now) const;
  // When the next waiting retry is due; kNever: none waits.
  Time next_due() const;

  const transport::Delivery& at(Ticket ticket) const;
  transport::Delivery& at(Ticket ticket);

  // A note on a delivery that its lane keeps, for the caller: handled with others, it spoils what they do.
  void set_spoils(Ticket ticket) { items_.at(ticket).spoils = true; }
  bool spoils(Ticket ticket) const { return items_.at(ticket).spoils; }

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

  std::size_t size() const { return items_.size(); }  // admitted and not done
  std::size_t running() const { return running_; }
  std::size_t waiting() const { return due_.size(); }  // strict retries before their time
  std::size_t busy_lanes() const { return busy_lanes_; }

 private:
  using PartitionIndex = std::size_t;  // into partitions_
  struct Partition {
    transport::PartitionId id;
    std::size_t held = 0;                        // by weight, behind waiting retries
    std::optional<std::size_t> held_back_until;  // held back: it flows again when no more than that are held
  };
  struct Item {
    transport::Delivery delivery;  // its taker's while taken
    std::uint64_t lane = 0;
    PartitionIndex partition = 0;
    bool taken = false;
    bool spoils = false;
    std::size_t weight = 1;
  };
  // What a lane's queue holds of one partition.
  struct Share {
    PartitionIndex partition = 0;
    std::size_t weight = 0;
  };
  struct Lane {
    std::string name;           // empty: of one delivery without key
    std::deque<Ticket> queue;   // not taken, in order
    std::vector<Share> shares;  // of the queue; most often one
    std::size_t taken = 0;      // of this lane, now running
    std::optional<Time> due;    // of the first of the queue, which waits
    std::uint64_t rank = 0;     // its place in ready_, 0: none

    void add(const Item& item);
    void remove(const Item& item);
  };

  PartitionIndex index_of(const transport::PartitionId& partition);
  std::vector<PartitionIndex> indices_of(const std::vector<transport::PartitionId>& partitions) const;
  std::size_t weight_of(const transport::Delivery& delivery) const;
  std::uint64_t lane_of(const transport::Delivery& delivery);
  void refresh(std::uint64_t lane);
  void wake_due(Time now);
  void take_from(std::uint64_t id, std::size_t count, std::vector<Ticket>& into);
  void return_to_lane(Ticket ticket, Item& item);
  void end_of_run(Lane& lane);
  void add_held(PartitionIndex partition, std::size_t weight);
  void remove_held(PartitionIndex partition, std::size_t weight);
  void let_flow(Partition& partition);
  void set_due(std::uint64_t id, std::optional<Time> due);
  void leave_ready(std::uint64_t id);
  template <class Wanted>
  void drop_from(std::uint64_t id, const Wanted& wanted, std::vector<transport::Delivery>& into);
  void trim_lane(Lane& lane, PartitionIndex partition, std::size_t share, std::vector<transport::Delivery>& into);
  std::vector<std::uint64_t> lanes_of(const std::vector<PartitionIndex>& partitions) const;

  LaneLimits limits_;
  Ticket last_ticket_ = 0;
  std::uint64_t last_lane_ = 0;
  std::uint64_t last_rank_ = 0;
  std::size_t running_ = 0;
  std::size_t busy_lanes_ = 0;
  bool solo_ = false;  // a suspect runs
  std::unordered_map<Ticket, Item> items_;
  std::unordered_map<std::uint64_t, Lane> lanes_;
  std::unordered_map<std::string, std::uint64_t> by_name_;
  std::map<std::uint64_t, std::uint64_t> ready_;  // rank -> lane: oldest readiness first
  std::set<std::uint64_t> suspects_;              // lanes whose first is a suspect and ready
  std::set<std::pair<Time, std::uint64_t>> due_;  // waiting lanes
  std::vector<Partition> partitions_;             // all that were ever seen
  std::map<transport::PartitionId, PartitionIndex> by_id_;
  std::size_t held_in_all_ = 0;
  std::size_t held_back_ = 0;  // how many of partitions_
  std::vector<FlowChange> changes_;
};

}  // namespace tidings::pipeline
