#include "transport/local/storage/assignment.hpp"

#include <algorithm>
#include <cstddef>

namespace tidings::local {

namespace {

struct Share {
  MemberId member = 0;
  std::size_t owned = 0;
  std::size_t quota = 0;
  std::size_t kept = 0;
};

std::vector<Share> shares_of(std::span<const MemberId> members, std::span<const MemberId> owners) {
  std::vector<Share> shares;
  for (const MemberId member : members) {
    const auto owned = std::count(owners.begin(), owners.end(), member);
    shares.push_back({.member = member, .owned = static_cast<std::size_t>(owned)});
  }
  // Who has most gets the odd ones: they need not move.
  std::stable_sort(shares.begin(), shares.end(), [](const Share& a, const Share& b) { return a.owned > b.owned; });
  for (std::size_t i = 0; i < shares.size(); ++i) {
    shares[i].quota = owners.size() / shares.size() + (i < owners.size() % shares.size() ? 1 : 0);
  }
  return shares;
}

}  // namespace

std::vector<MemberId> fair_assignment(std::span<const MemberId> members, std::span<const MemberId> owners) {
  std::vector<MemberId> target(owners.size(), 0);
  if (members.empty()) return target;
  std::vector<Share> shares = shares_of(members, owners);
  for (std::size_t partition = 0; partition < owners.size(); ++partition) {
    const auto is_owner = [&](const Share& share) { return share.member == owners[partition]; };
    const auto owner = std::find_if(shares.begin(), shares.end(), is_owner);
    if (owner == shares.end() || owner->kept == owner->quota) continue;
    target[partition] = owner->member;
    ++owner->kept;
  }
  auto taker = shares.begin();
  for (MemberId& member : target) {
    if (member != 0) continue;
    while (taker->kept == taker->quota) ++taker;
    member = taker->member;
    ++taker->kept;
  }
  return target;
}

}  // namespace tidings::local
