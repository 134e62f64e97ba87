// Partitions that nobody has. Who is to give some up joins again when it has, so that others get them. If it dies just
// then, and has a name, it is given what it had when it comes back, and its group does not hear of it: nobody joins
// again. So it looks; where partitions stay without an owner, another client joins the group for a moment, and leaves.
#include <set>
#include <utility>

#include "transport/kafka/group_admin.hpp"
#include "transport/kafka/kafka_limits.hpp"
#include "transport/kafka/kafka_member.hpp"

namespace tidings::kafka {

void KafkaMember::look_for_orphans(Time now) {
  orphans_look_at_ = now + kJoinsWithin;
  if (nudge_ != nullptr) return;
  const auto orphans = has_orphans();
  if (!orphans) return;
  if (!*orphans) {
    orphans_look_at_ = kNever;
    return;
  }
  if (!std::exchange(orphans_seen_, true)) return;  // a group that is being put together has some for a while
  orphans_seen_ = false;
  auto client =
      MemberClient::open(*cluster_, {.group_id = spec_.who.group_id, .instance = "nudge", .static_id = {}}, bell_);
  if (!client || !(*client)->subscribe(topics_)) return;
  nudge_ = *std::move(client);
  nudged_ = false;
  nudge_until_ = cluster_->executor().now() + kNudgeWithin;
}

Result<bool> KafkaMember::has_orphans() const {
  const auto members = live_members(*cluster_, spec_.who.group_id);
  if (!members) return members.error();
  std::set<std::pair<std::string, std::int32_t>> owned;
  for (const LiveMember& member : *members) {
    for (const PartitionOffset& partition : member.partitions) owned.emplace(partition.topic, partition.partition);
  }
  for (const std::string& topic : topics_) {
    const auto partitions = cluster_->partitions(topic);
    if (!partitions) return partitions.error();
    for (std::int32_t i = 0; i < partitions->value_or(0); ++i) {
      if (!owned.contains({topic, i})) return true;
    }
  }
  return false;
}

// What it is given it does not read: it gives it back, to all.
void KafkaMember::go_on_nudging(Time now) {
  while (const EventHandle event = nudge_->next_event(now)) {
    if (rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_REBALANCE) continue;
    const auto& partitions = *rd_kafka_event_topic_partition_list(event.get());
    if (rd_kafka_event_error(event.get()) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
      nudge_->assign(partitions);
    } else {
      nudge_->unassign(partitions);
    }
    if (!std::exchange(nudged_, true)) nudge_->begin_close();
  }
  if ((nudged_ && nudge_->closed()) || now >= nudge_until_) end_nudging();
}

void KafkaMember::end_nudging() {
  if (nudge_ != nullptr && !nudged_ && nudge_->has_joined()) nudge_->abandon(cluster_);
  nudge_.reset();
}

}  // namespace tidings::kafka
