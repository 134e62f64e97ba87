// A deployment in memory: topics, subscriptions, dead letters, control records, and what may happen to them.
//
// Pure: time comes in with each call. Threads: the caller serialises.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "transport/memory/graveyard.hpp"
#include "transport/memory/memory_control.hpp"
#include "transport/memory/memory_subscription.hpp"

namespace tidings::memory {

// Consumers that may have something to receive since.
struct Touched {
  std::set<MemberId> members;
  bool all = false;
};

class Deployment final {
 public:
  explicit Deployment(const MemoryOptions& options) : options_{options}, topics_{options} {}

  const MemoryOptions& options() const { return options_; }

  Result<void> declare(const transport::Declaration& declaration, Time now);
  Result<void> publish(transport::Record record, Beyond beyond, Time now);

  Result<MemberId> join(const transport::SubscriptionSpec& spec, const ProcessName& process,
                        std::shared_ptr<RunningBoard> board, Time now);
  void leave(MemberId id, MemorySubscription::Going going, Time now);
  void detach(MemberId id, Time now);
  void attach(MemberId id, Time now);

  // What time alone brings: hand-overs at their deadline, retention. True: something changed hands.
  bool tick(Time now);
  // When tick() or take() for this member has something to do that nobody announces.
  Time next_timer(MemberId id) const;

  // By publish() and settle(), since the last call.
  Touched take_touched() { return std::exchange(touched_, {}); }

  transport::Batch take(MemberId id, std::size_t max, Time now);
  Result<void> settle(MemberId id, transport::Settlement settlement, Time now);
  void set_flow(MemberId id, std::span<const transport::PartitionId> partitions, transport::Consumer::Flow flow);
  Member& member(MemberId id) { return *seats_.at(id).member; }

  // For operators.
  std::vector<transport::TopicState> topic_states() const;
  std::vector<transport::GroupState> group_states() const;
  std::vector<transport::LagState> lag_states(Time now) const;
  Result<void> set_retention(std::string_view topic, const transport::Retention& change);
  Result<void> remove_group(std::string_view group);
  Result<bool> replay_dead(std::string_view id);
  Result<std::uint64_t> replay(const transport::HistoryRange& range, std::string_view group,
                               std::string_view replay_id);
  // Up to `limit` records of the range after that offset. invalid: unknown topic.
  Result<std::vector<Kept>> read(const transport::HistoryRange& range, std::int64_t after, std::size_t limit) const;

  // How often a partition was given to a consumer, and whether one has to give some up.
  std::uint64_t assignments() const;
  bool is_handing_over() const;

  Graveyard& graveyard() { return graveyard_; }
  MemoryControl& control() { return control_; }
  const MemoryTopics& topics() const { return topics_; }

 private:
  struct Seat {
    std::unique_ptr<Member> member;
    std::uint64_t subscription = 0;
  };
  using Subscriptions = std::map<std::uint64_t, std::unique_ptr<MemorySubscription>>;

  MemorySubscription& subscription_of(MemberId id) { return *subscriptions_.at(seats_.at(id).subscription); }
  Result<void> check_spec(const transport::SubscriptionSpec& spec) const;
  Result<void> check_command(const transport::SubscriptionSpec& spec) const;
  Result<void> check_overlap(const transport::SubscriptionSpec& spec) const;
  std::set<std::string> topics_of(const transport::SubscriptionSpec& spec) const;
  bool is_read_by_another(const MemorySubscription& subscription, const std::string& topic) const;
  void discover();
  std::uint64_t find_or_create(const transport::SubscriptionSpec& spec);
  StartLine start_line(const transport::Start& start) const;
  void append(transport::Record record, Time now);
  Result<void> room_for(std::span<const transport::Record> records, Beyond beyond, Time now);
  std::string slowest_group(Time now) const;
  bool is_settled(const KeptRecord& kept) const;
  // Whether retention may remove it: what a subscription loses by that is counted.
  bool let_go(const Kept& kept, const transport::Retention& retention, Time now);
  bool is_gone(std::string_view group, const transport::Retention& retention, Time now) const;
  // True: it is final for the consumer.
  bool apply(MemberId id, const InFlight& place, const transport::Outcome& outcome, Time now);
  void bury(MemberId id, const InFlight& place, const transport::Bury& bury, Time now);

  const MemoryOptions options_;
  MemoryTopics topics_;
  MemoryControl control_;
  Graveyard graveyard_;
  Subscriptions subscriptions_;
  std::map<MemberId, Seat> seats_;
  std::map<std::pair<std::string, std::string>, std::uint64_t> expired_;  // by group and topic
  Touched touched_;
  std::uint64_t last_subscription_ = 0;
  MemberId last_member_ = 0;
};

}  // namespace tidings::memory
