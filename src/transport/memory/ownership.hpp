// Who owns which partition of a subscription, and the cooperative hand-over between members.
//
// Pure. Threads: the caller serialises. A change of hands: the owner of too much is told `revoking`; its partition is
// free when nothing of it is in flight any more, or, `lost`, at the deadline, if there is one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "tidings/transport/transport.hpp"

namespace tidings::memory {

using MemberId = std::uint64_t;  // never 0

struct Holding {
  MemberId owner = 0;  // 0: nobody
  std::uint64_t epoch = 0;
  bool leaving = false;  // the owner was told to give it up
  Time give_up_by = kNever;
};

struct OwnershipChange {
  MemberId member = 0;
  transport::Notice::Kind kind = transport::Notice::Kind::assigned;
  transport::PartitionId partition;
  Time deadline = kNever;
};

// What follows from the holdings; they change seldom, and are asked about at each delivery.
struct Shares {
  std::map<MemberId, std::vector<transport::PartitionId>> kept;
  bool handing_over = false;
  Time next_deadline = kNever;
};

class Ownership final {
 public:
  // How long an owner has to give a partition up; none: as long as it takes.
  explicit Ownership(std::optional<Duration> revoke_within) : revoke_within_{revoke_within} {}

  void add(const transport::PartitionId& partition) {
    holdings_.try_emplace(partition);
    shares_.reset();
  }
  void join(MemberId member) { members_.insert(member); }
  // Its partitions are free at once.
  void leave(MemberId member);

  // Brings the holdings nearer to equal shares. `busy`: something of it is in flight.
  using Busy = std::function<bool(const transport::PartitionId&)>;
  std::vector<OwnershipChange> balance(Time now, const Busy& busy);

  // Whether an owner was told to give something up, and has it still.
  bool is_handing_over() const { return shares().handing_over; }
  // When balance() has something to do even if nobody settles anything.
  Time next_deadline() const { return shares().next_deadline; }
  // What it owns and keeps, in order.
  const std::vector<transport::PartitionId>& kept_by(MemberId member) const;
  const std::map<transport::PartitionId, Holding>& holdings() const { return holdings_; }
  const std::set<MemberId>& members() const { return members_; }

 private:
  const Shares& shares() const;
  std::map<MemberId, std::size_t> kept() const;
  void free_those_left(Time now, const Busy& busy, std::vector<OwnershipChange>& changes);
  void assign_free(std::vector<OwnershipChange>& changes);
  bool revoke_surplus(Time now, std::vector<OwnershipChange>& changes);

  std::optional<Duration> revoke_within_;
  std::set<MemberId> members_;
  std::map<transport::PartitionId, Holding> holdings_;
  mutable std::optional<Shares> shares_;  // of the holdings as they are, once asked for
};

}  // namespace tidings::memory
