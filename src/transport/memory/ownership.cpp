#include "transport/memory/ownership.hpp"

#include <algorithm>

#include "base/flaw.hpp"

namespace tidings::memory {

using transport::Notice;

void Ownership::leave(MemberId member) {
  members_.erase(member);
  shares_.reset();
  for (auto& [partition, holding] : holdings_) {
    if (holding.owner == member) holding = Holding{.epoch = holding.epoch};
  }
}

std::vector<OwnershipChange> Ownership::balance(Time now, const Busy& busy) {
  std::vector<OwnershipChange> changes;
  do {
    free_those_left(now, busy, changes);
    assign_free(changes);
  } while (revoke_surplus(now, changes));
  shares_.reset();
  return changes;
}

const Shares& Ownership::shares() const {
  if (shares_) return *shares_;
  Shares& shares = shares_.emplace();
  for (const auto& [partition, holding] : holdings_) {
    if (holding.owner != 0 && !holding.leaving) shares.kept[holding.owner].push_back(partition);
    if (!holding.leaving) continue;
    shares.handing_over = true;
    shares.next_deadline = std::min(shares.next_deadline, holding.give_up_by);
  }
  return shares;
}

const std::vector<transport::PartitionId>& Ownership::kept_by(MemberId member) const {
  static const std::vector<transport::PartitionId> kNone;
  const auto found = shares().kept.find(member);
  return found == shares().kept.end() ? kNone : found->second;
}

// How many partitions each member has and keeps.
std::map<MemberId, std::size_t> Ownership::kept() const {
  std::map<MemberId, std::size_t> kept;
  for (const MemberId member : members_) kept[member] = 0;
  for (const auto& [partition, holding] : holdings_) {
    if (holding.owner != 0 && !holding.leaving) ++kept[holding.owner];
  }
  return kept;
}

void Ownership::free_those_left(Time now, const Busy& busy, std::vector<OwnershipChange>& changes) {
  for (auto& [partition, holding] : holdings_) {
    if (!holding.leaving) continue;
    const bool late = now >= holding.give_up_by || flawed(Flaw::memory_gives_in_flight);
    const bool forced = busy(partition);
    if (forced && !late) continue;
    if (forced) changes.push_back({holding.owner, Notice::Kind::lost, partition});
    holding = Holding{.epoch = holding.epoch};
  }
}

void Ownership::assign_free(std::vector<OwnershipChange>& changes) {
  if (members_.empty()) return;
  auto kept = this->kept();
  for (auto& [partition, holding] : holdings_) {
    if (holding.owner != 0) continue;
    const auto least =
        std::min_element(kept.begin(), kept.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    holding = Holding{.owner = least->first, .epoch = holding.epoch + 1};
    ++least->second;
    changes.push_back({holding.owner, Notice::Kind::assigned, partition});
  }
}

// Tells who has more than its share to give up the rest. True: there was something to give up.
bool Ownership::revoke_surplus(Time now, std::vector<OwnershipChange>& changes) {
  if (members_.empty()) return false;
  const std::size_t share = holdings_.size() / members_.size();
  std::size_t larger = holdings_.size() % members_.size();  // so many members keep one more
  std::map<MemberId, std::size_t> surplus;
  for (const auto& [member, count] : kept()) {
    if (count <= share) continue;
    const std::size_t allowed = larger > 0 ? share + 1 : share;
    if (larger > 0) --larger;
    surplus[member] = count - allowed;
  }
  bool revoked = false;
  for (auto it = holdings_.rbegin(); it != holdings_.rend(); ++it) {
    auto& [partition, holding] = *it;
    if (holding.owner == 0 || holding.leaving || surplus[holding.owner] == 0) continue;
    --surplus[holding.owner];
    holding.leaving = true;
    holding.give_up_by = revoke_within_ ? now + *revoke_within_ : kNever;
    changes.push_back({holding.owner, Notice::Kind::revoking, partition, holding.give_up_by});
    revoked = true;
  }
  return revoked;
}

}  // namespace tidings::memory
