// The lanes of one subscription, shared by its threads: who receives admits, who handles takes and ends.
//
// Partitions that are being given up, and a drain, let nothing wait here: what comes back from a run is returned to
// the caller, for release.
//
// Threads: any; a Seat by one at a time. Blocks: take().
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "base/countdown.hpp"
#include "pipeline/lanes.hpp"
#include "tidings/executor.hpp"

namespace tidings::service {

// A delivery that its taker alone uses until it ends it.
struct Taken {
  pipeline::Ticket ticket = 0;
  transport::Delivery* delivery = nullptr;
  pipeline::LaneNumber lane = 0;
  bool spoils = false;  // it was handled with others in a transaction that failed: from then on it gets one of its own
};

// What came of a taken delivery.
struct Ending {
  enum class Kind {
    done,       // the lane goes on; `delivery` may have been moved from
    hold,       // runs again at `attempts.due`, its lane waits
    put_back,   // was not run
    give_back,  // was not run, and will not be here, nor what waits behind it in its lane
    gone,       // likewise, for its mark was refused: others have it, and nothing of it is released
  };
  pipeline::Ticket ticket = 0;
  Kind kind = Kind::done;
  transport::Attempts attempts;  // of hold
  bool spoils = false;           // see Taken
};

struct TakeLimits {
  std::size_t max = 1;
  std::size_t max_per_lane = 1;
};

class WorkQueue final {
 public:
  WorkQueue(Executor& executor, pipeline::LaneLimits limits);

  // Where one taker waits.
  class Seat final {
   public:
    explicit Seat(Executor& executor) : wake_{executor.condition()} {}

   private:
    friend class WorkQueue;
    std::unique_ptr<Condition> wake_;
  };

  // Returns what must be released instead, in order: all of it when draining; what is of partitions that are being
  // given up, or of which one is gone since flow_changes(), for what was before it of its key has been returned, or is
  // with others; and what waits too far behind retries.
  std::vector<transport::Delivery> admit(std::vector<transport::Delivery> deliveries);

  // Waits until there is something to run. Empty: draining, or nothing came until `deadline`.
  std::vector<Taken> take(Seat& seat, TakeLimits limits, Time deadline = kNever);
  // The same into what is used again; it is emptied before.
  void take(Seat& seat, TakeLimits limits, std::vector<Taken>& into, Time deadline = kNever);
  // Without waiting.
  std::vector<Taken> take_ready(TakeLimits limits);

  // When take_ready() gives something, if nothing is admitted or ended before: now, when the next retry is due, or
  // never.
  Time ready_at() const;

  // In the order of taking. Returns what must be released instead of waiting here.
  std::vector<transport::Delivery> end(std::span<const Ending> endings);

  // Gives these partitions up: returns what waits of them. What runs goes on.
  std::vector<transport::Delivery> give_up(const std::vector<transport::PartitionId>& partitions);
  // They went to others: likewise, and what runs of them ends here, whatever comes of it. They may come back: what is
  // admitted then is handled behind it.
  std::vector<transport::Delivery> lose(const std::vector<transport::PartitionId>& partitions);
  // Whether its partition was lost since it was taken.
  bool is_lost(pipeline::Ticket ticket) const;
  // They are ours again.
  void regain(const std::vector<transport::PartitionId>& partitions);

  // From now on nothing is taken, admitted or held. Returns what waited.
  std::vector<transport::Delivery> drain();
  bool draining() const;
  // The same, at the latest when no time is left: a pause that a drain ends.
  bool wait_draining(const Countdown& left);
  // Whether nothing runs (any more), at the latest when no time is left.
  bool wait_quiet(const Countdown& left);

  // Partitions that the transport must hold back, or let flow, since the last call, in this order: for who receives,
  // each time before he does. Before one flows, all that was returned here must have been released.
  std::vector<pipeline::FlowChange> flow_changes();
  bool has_flow_changes() const { return flow_waits_; }

  std::size_t size() const;

 private:
  void take_locked(Time now, TakeLimits limits, std::vector<Taken>& into);
  Time time_to_take() const;
  std::vector<transport::Delivery> give_up_locked(const std::vector<transport::PartitionId>& partitions);
  Time next_due(Time now) const;
  bool leaving(const transport::Delivery& delivery) const;
  bool unwanted(const transport::Delivery& delivery) const;
  void end_one(const Ending& ending, std::vector<transport::Delivery>& released);
  void end_lane(const Ending& ending, std::vector<transport::Delivery>& released);
  void wake_one();
  void note_flow();
  void trim_held_back(std::vector<transport::Delivery>& released);

  Executor& executor_;
  mutable std::mutex mutex_;
  std::unique_ptr<Condition> quiet_;
  pipeline::Lanes lanes_;
  std::vector<pipeline::Ticket> tickets_;  // just taken, used again
  std::vector<Seat*> idle_;
  std::set<transport::PartitionId> leaving_;
  std::set<transport::PartitionId> trimmed_;  // and not to flow yet: what comes of them belongs behind what was trimmed
  std::set<transport::PartitionId> refused_;  // one of them is gone, and what is received may be from before that
  std::set<pipeline::Ticket> lost_;           // they run, and are not ours any more
  std::atomic<bool> any_lost_ = false;
  std::vector<pipeline::FlowChange> flow_;
  std::atomic<bool> flow_waits_ = false;  // there is some in flow_
  bool draining_ = false;
};

}  // namespace tidings::service
