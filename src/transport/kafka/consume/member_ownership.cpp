// How a member's partitions come and go.
#include <algorithm>
#include <utility>

#include "transport/kafka/client/kafka_limits.hpp"
#include "transport/kafka/consume/kafka_member.hpp"

namespace tidings::kafka {

using transport::Notice;
using transport::PartitionId;

namespace {

std::vector<PartitionId> ids_of(const std::vector<OwnedPartition*>& partitions) {
  std::vector<PartitionId> ids;
  for (const OwnedPartition* partition : partitions) ids.push_back(partition->id());
  return ids;
}

}  // namespace

PartitionId KafkaMember::id_of(const std::string& topic, std::int32_t partition) const {
  return {cluster_->names().ours(topic).value_or(topic), partition};
}

// Under the lock.
std::vector<OwnedPartition*> KafkaMember::owned(const rd_kafka_topic_partition_list_t& partitions) {
  std::vector<OwnedPartition*> owned;
  for (int i = 0; i < partitions.cnt; ++i) {
    const PartitionId id = id_of(partitions.elems[i].topic, partitions.elems[i].partition);
    for (auto& [slot, partition] : partitions_) {
      if (partition->id() == id) owned.push_back(partition.get());
    }
  }
  return owned;
}

// librdkafka asks one thing at a time, and waits until it is told that it is done.
void KafkaMember::rebalance(rd_kafka_event_t& event) {
  if (!std::exchange(assigned_once_, true) && !spec_.who.static_id.empty() && !leaving_) {
    orphans_ = std::make_unique<OrphanWatch>(cluster_, spec_.who.group_id, topics_);
  }
  const rd_kafka_topic_partition_list_t& partitions = *rd_kafka_event_topic_partition_list(&event);
  if (rd_kafka_event_error(&event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    assigned_.reset(rd_kafka_topic_partition_list_copy(&partitions));
    return try_assign();
  }
  assigned_.reset();
  if (leaving_ && revocation_ && !client_->is_lost()) {  // what we give up by ourselves has that among it
    revocation_->asked.reset(rd_kafka_topic_partition_list_copy(&partitions));
    return;
  }
  if (client_->is_lost() || leaving_) {
    revocation_.reset();
    lose(partitions);
    return client_->unassign(partitions);
  }
  begin_revocation(partitions);
}

void KafkaMember::try_assign() {
  if (assigned_->cnt == 0 || leaving_) return client_->assign(*std::exchange(assigned_, nullptr));
  auto found = look_up(*assigned_);
  std::vector<PartitionOffset> missing;
  if (found) {
    for (const Committed& partition : *found) {
      if (!partition.record) missing.push_back({partition.topic, partition.partition, 0});
    }
  }
  // What a pattern discovers begins at its beginning: it is younger than the group.
  const bool discovered = !topics_.empty() && !partitions_.empty();
  const auto starts =
      discovered ? cluster_->offsets(std::move(missing), Bound::earliest) : starts_of(std::move(missing));
  if (!found || !starts || !skip_expired(*found)) {
    assign_again_at_ = cluster_->executor().now() + kTick;
    return;
  }
  for (const PartitionOffset& start : *starts) {
    const auto of = std::find_if(found->begin(), found->end(), [&](const Committed& committed) {
      return committed.topic == start.topic && committed.partition == start.partition;
    });
    of->record = CommitRecord{.watermark = start.offset};
  }
  own(*found);
}

// A position before the first record, or behind the last one: of a log that was cut.
Result<void> KafkaMember::skip_expired(std::vector<Committed>& found) {
  std::vector<PartitionOffset> partitions;
  for (const Committed& committed : found) partitions.push_back({committed.topic, committed.partition, 0});
  const auto begins = cluster_->offsets(partitions, Bound::earliest);
  if (!begins) return begins.error();
  const auto ends = cluster_->offsets(std::move(partitions), Bound::written);
  if (!ends) return ends.error();
  Notice notice{.kind = Notice::Kind::expired, .partitions = {}};
  std::map<std::string, std::uint64_t> lost;
  for (std::size_t i = 0; i < found.size(); ++i) {
    auto& record = found[i].record;
    const auto begin = (*begins)[i].offset, end = (*ends)[i].offset;
    if (!record || (begin <= record->watermark && record->watermark <= end)) continue;
    const bool made_anew = record->watermark > end;
    if (made_anew) record = CommitRecord{.watermark = begin};
    const bool to_end = !made_anew && cluster_->options().when_expired == WhenExpired::end;
    const std::uint64_t count = skip_to(*record, to_end ? end : begin);
    notice.partitions.push_back(id_of(found[i].topic, found[i].partition));
    notice.records += count;
    if (count > 0) lost[notice.partitions.back().topic] += count;
  }
  if (notice.partitions.empty()) return {};
  for (const auto& [topic, count] : lost) {
    if (spec_.expired && spec_.kind == Fetched::Kind::events) spec_.expired(topic, count);
  }
  const std::lock_guard lock{mutex_};
  notices_.push_back(std::move(notice));
  return {};
}

// A session that was lost is no death: what ran ended here, or goes on. Suspect is what was that before, and no mark is
// charged; that of one whose settlement was not committed any more is taken back.
void KafkaMember::absolve(const PartitionId& id, CommitRecord& found) {
  const auto lost = lost_.find(id);
  if (lost == lost_.end()) return;
  const auto [slot, left] = std::move(lost->second);
  lost_.erase(lost);
  if (found.board != spec_.life || found.slot != slot) return;
  found.in_flight_below = left.in_flight_below;
  for (auto& [offset, attempts] : found.attempts) {
    const auto then = left.attempts.find(offset);
    attempts.crashes = then != left.attempts.end() ? then->second.crashes : std::max(0, attempts.crashes - 1);
  }
}

void KafkaMember::own(const std::vector<Committed>& found) {
  Notice notice{.kind = Notice::Kind::assigned, .partitions = {}};
  {
    const std::lock_guard lock{mutex_};
    for (const Committed& partition : found) {
      auto* assigned =
          rd_kafka_topic_partition_list_find(assigned_.get(), partition.topic.c_str(), partition.partition);
      assigned->offset = partition.record->watermark;
      PartitionId id = id_of(partition.topic, partition.partition);
      CommitRecord record = *partition.record;
      absolve(id, record);
      auto owned = std::make_unique<OwnedPartition>(
          id, next_slot_, cluster_->options().suspect_window, std::move(record),
          client_->partition_queue(partition.topic, id, spec_.kind), spec_.board, spec_.life);
      owned->set_paused(paused_.contains(id));
      partitions_.emplace(next_slot_, std::move(owned));
      next_slot_ += spec_.slot_step;
      notice.partitions.push_back(std::move(id));
    }
    if (spec_.kind == Fetched::Kind::events) notices_.push_back(std::move(notice));
  }
  client_->assign(*std::exchange(assigned_, nullptr));
  bell_->ring();
}

void KafkaMember::begin_revocation(const rd_kafka_topic_partition_list_t& partitions) {
  const Time now = cluster_->executor().now();
  revocation_ = {.partitions = PartitionListHandle{rd_kafka_topic_partition_list_copy(&partitions)},
                 .asked = PartitionListHandle{leaving_ ? nullptr : rd_kafka_topic_partition_list_copy(&partitions)},
                 .deadline = now + cluster_->options().revoke_within};
  {
    const std::lock_guard lock{mutex_};
    const auto going = owned(partitions);
    for (OwnedPartition* partition : going) partition->stop();
    if (!going.empty() && spec_.kind == Fetched::Kind::events) {
      notices_.push_back(
          {.kind = Notice::Kind::revoking, .partitions = ids_of(going), .deadline = revocation_->deadline});
    }
  }
  bell_->ring();
  go_on_revoking(now);
}

void KafkaMember::go_on_revoking(Time now) {
  if (transacting_) return;  // bounded by its own time
  if (!revocation_->last_commit_until) {
    bool idle = true;
    std::vector<OwnedPartition*> going;
    {
      const std::lock_guard lock{mutex_};
      going = owned(*revocation_->partitions);
      for (const OwnedPartition* partition : going) {
        idle = idle && partition->out_count() == 0 && !partition->is_waited_for();
      }
    }
    if (!idle && now < revocation_->deadline) return;
    if (going.empty()) return finish_revocation();
    if (try_commit(going, OwnedPartition::Last::yes, now) || now >= revocation_->deadline + kLastCommitWithin) {
      revocation_->last_commit_until = now + kLastCommitWithin;
    }
    return;
  }
  // A commit that comes during a rebalance is refused: it is tried again until the group has settled.
  std::vector<OwnedPartition*> uncommitted;
  bool to_send = false;
  {
    const std::lock_guard lock{mutex_};
    for (OwnedPartition* partition : owned(*revocation_->partitions)) {
      if (partition->all_committed()) continue;
      uncommitted.push_back(partition);
      to_send = to_send || partition->has_news();
    }
  }
  if (uncommitted.empty() || now >= *revocation_->last_commit_until) return finish_revocation();
  if (to_send && now >= commit_not_before_) try_commit(uncommitted, OwnedPartition::Last::yes, now);
}

Time KafkaMember::next_of_revocation(Time now) const {
  if (transacting_) return kNever;
  const bool may_commit = client_->requests() == GroupRequests::Now::commit;
  if (!revocation_->last_commit_until) {
    return may_commit && now < revocation_->deadline ? revocation_->deadline : now + kCommitLook;
  }
  if (commit_under_way_) return *revocation_->last_commit_until;
  return std::min(*revocation_->last_commit_until, std::max(now + kCommitLook, commit_not_before_));
}

void KafkaMember::finish_revocation() {
  const Revocation done = *std::move(revocation_);
  revocation_.reset();
  lose(*done.partitions);
  if (done.asked != nullptr) client_->unassign(*done.asked);
}

void KafkaMember::lose(const rd_kafka_topic_partition_list_t& partitions) {
  Notice notice{.kind = Notice::Kind::lost, .partitions = {}};
  {
    const std::lock_guard lock{mutex_};
    for (OwnedPartition* partition : owned(partitions)) {
      if (partition->out_count() > 0) notice.partitions.push_back(partition->id());
      Lost& lost = lost_[partition->id()] = {partition->slot(), partition->left()};
      lost.left.settled.clear();  // what is not asked for
      for (auto& [offset, attempts] : lost.left.attempts) attempts.last_error.clear();
      partition->lose(answers_);
      if (spec_.board != nullptr) spec_.board->remove_slot(partition->slot());
      partitions_.erase(partition->slot());
    }
    if (!notice.partitions.empty() && spec_.kind == Fetched::Kind::events) notices_.push_back(std::move(notice));
  }
  bell_->ring();
}

}  // namespace tidings::kafka
