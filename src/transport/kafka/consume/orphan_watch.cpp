#include "transport/kafka/consume/orphan_watch.hpp"

#include <algorithm>
#include <utility>

#include "transport/kafka/client/kafka_limits.hpp"
#include "transport/kafka/consume/member_client.hpp"

namespace tidings::kafka {

bool has_orphans(const LiveGroup& group, const Cluster::Topics& topics) {
  std::set<std::pair<std::string, std::int32_t>> owned;
  for (const LiveMember& member : group.members) {
    for (const PartitionOffset& partition : member.partitions) owned.emplace(partition.topic, partition.partition);
  }
  for (const auto& [topic, partitions] : topics) {
    for (std::int32_t i = 0; i < partitions; ++i) {
      if (!owned.contains({topic, i})) return true;
    }
  }
  return false;
}

Duration pause_after_nothing(Duration pause) {
  return std::min(2 * pause, kOrphanLookPauseMax);
}

OrphanWatch::OrphanWatch(std::shared_ptr<const Cluster> cluster, std::string group, std::set<std::string> topics)
    : cluster_{std::move(cluster)},
      group_{std::move(group)},
      topics_{std::move(topics)},
      changed_{cluster_->executor().condition()},
      thread_{cluster_->executor().spawn("kafka-orphans", [this] { run(); })} {}

OrphanWatch::~OrphanWatch() {
  stop();
  thread_.reset();
}

void OrphanWatch::stop() {
  const std::lock_guard lock{mutex_};
  if (stop_at_ == kNever) stop_at_ = cluster_->executor().now();
  changed_->notify_all();
}

// A group whose members are giving partitions up has some without an owner for a while.
void OrphanWatch::run() {
  const Duration patience = cluster_->options().revoke_within + kLastCommitWithin;
  Duration pause = kJoinsWithin;
  Time seen_first = kNever;
  for (int nudges = 0; nudges < kNudgesMax && goes_on_after(pause);) {
    const Found found = look();
    if (found == Found::none) return;
    const Time now = cluster_->executor().now();
    pause = found == Found::unknown ? pause_after_nothing(pause) : kJoinsWithin;
    seen_first = found == Found::orphans ? std::min(seen_first, now) : kNever;
    if (seen_first == kNever || now < seen_first + patience) continue;
    nudge();
    ++nudges;
    seen_first = kNever;
  }
}

bool OrphanWatch::goes_on_after(Duration pause) {
  const Time until = cluster_->executor().now() + pause;
  std::unique_lock lock{mutex_};
  changed_->wait_until(lock, until, cluster_->executor(), [this] { return stop_at_ != kNever; });
  return stop_at_ == kNever;
}

OrphanWatch::Found OrphanWatch::look() const {
  const Time deadline = cluster_->executor().now() + kLookAtGroupWithin;
  const auto group = look_at_group(*cluster_, group_, deadline);
  if (!group || !group->is_stable) return Found::unknown;
  auto topics = cluster_->topics(deadline);
  if (!topics) return Found::unknown;
  std::erase_if(*topics, [this](const auto& topic) { return !topics_.contains(topic.first); });
  return has_orphans(*group, *topics) ? Found::orphans : Found::none;
}

// It wants nothing of what the group reads, so that nobody has to give anything up for it. Once it asks to join it must
// be served to its end: its group would wait for it.
void OrphanWatch::nudge() {
  auto client = MemberClient::open(*cluster_, {.group_id = group_, .instance = "tidings-nudge", .static_id = {}},
                                   std::make_shared<Bell>(cluster_->executor()));
  if (!client || !(*client)->subscribe({cluster_->names().control()})) return;
  MemberClient& member = **client;
  bool was_assigned = false;
  while (!member.closed() && !is_late()) {
    const EventHandle event = member.next_event(cluster_->executor().now() + kTick);
    if (rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_REBALANCE) continue;
    const auto& partitions = *rd_kafka_event_topic_partition_list(event.get());
    const bool assigns = rd_kafka_event_error(event.get()) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
    assigns ? member.assign(partitions) : member.unassign(partitions);
    if (!std::exchange(was_assigned, true) && !member.begin_close()) return;
  }
  if (!member.closed()) member.abandon(cluster_);
}

bool OrphanWatch::is_late() {
  const std::lock_guard lock{mutex_};
  return stop_at_ != kNever && cluster_->executor().now() >= stop_at_ + kNudgeEndsWithin;
}

}  // namespace tidings::kafka
