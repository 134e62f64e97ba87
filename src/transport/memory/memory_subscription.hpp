// One subscription: its slices, its members, and who owns what.
//
// Pure. Threads: the caller serialises.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/flaw.hpp"
#include "transport/memory/member.hpp"
#include "transport/memory/memory_topics.hpp"

namespace tidings::memory {

class MemorySubscription final {
 public:
  MemorySubscription(transport::SubscriptionSpec spec, StartLine start, std::optional<Duration> revoke_within)
      : spec_{std::move(spec)}, start_{start}, ownership_{revoke_within} {}

  const transport::SubscriptionSpec& spec() const { return spec_; }
  bool is_broadcast() const {
    return spec_.sharing == transport::Sharing::broadcast && !flawed(Flaw::memory_broadcast_shared);
  }
  const std::string& name() const { return spec_.topic.empty() ? spec_.pattern : spec_.topic; }

  // Reads the topic from now on, each partition from the start line.
  void read(const std::string& topic, const TopicLog& log);
  const std::set<std::string>& topics() const { return topics_; }

  void join(Member& member);
  // How a member goes. left: charged nothing. crashed: what it was running becomes suspect.
  enum class Going { left, crashed };
  void leave(Member& member, Going going, Time now);
  // Its connection is cut: as leave(), but it hears of it when it is back.
  void detach(Member& member);
  void attach(Member& member);
  const std::map<MemberId, Member*>& members() const { return members_; }
  // Since when it has no member. None: it has one.
  std::optional<Time> left() const { return members_.empty() ? left_ : std::nullopt; }
  std::size_t owned_by(MemberId member) const;
  MemberId owner_of(const transport::PartitionId& partition) const;  // 0: nobody

  // Hands over what is due to be. True: something changed hands or is about to.
  bool balance(Time now);
  std::uint64_t assignments() const;  // of partitions to members, so far
  bool is_handing_over() const { return ownership_.is_handing_over(); }
  Time next_deadline() const { return ownership_.next_deadline(); }

  std::vector<transport::Delivery> take(Member& member, std::size_t max, Time now, const MemoryTopics& topics);
  // When take() may find a retry that waits now; kNever: no such time.
  Time next_due(const Member& member) const;

  Slice& slice(const transport::PartitionId& partition) { return slices_.at(partition); }
  const std::map<transport::PartitionId, Slice>& slices() const { return slices_; }
  bool is_settled(const KeptRecord& kept) const;
  // Gives it up, unsettled. False: there was nothing to lose.
  bool lose(const KeptRecord& kept);

 private:
  void give_back(Member& member, Going going);
  void tell(const OwnershipChange& change);
  static bool is_paused(const Member& member, const transport::PartitionId& partition);
  std::optional<transport::Delivery> take_one(Member& member, const transport::PartitionId& partition, Time now,
                                              const MemoryTopics& topics);

  const transport::SubscriptionSpec spec_;
  const StartLine start_;
  std::set<std::string> topics_;
  std::map<transport::PartitionId, Slice> slices_;
  std::map<MemberId, Member*> members_;
  std::optional<Time> left_;  // when a member did last
  Ownership ownership_;
};

}  // namespace tidings::memory
