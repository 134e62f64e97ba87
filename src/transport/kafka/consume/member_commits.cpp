// How a member commits: one under way, the next one says all that came up meanwhile. Nobody waits but those who asked
// for an answer.
#include <algorithm>

#include "transport/kafka/client/kafka_limits.hpp"
#include "transport/kafka/consume/kafka_member.hpp"

namespace tidings::kafka {

void KafkaMember::commit_what_is_due(Time now) {
  if (transacting_ || now < commit_not_before_) return;
  if (has_orders_to_transact() && now >= transact_not_before_) return;  // the next transaction says it, too
  if (!commit_is_due(now)) return;
  const auto due = with_news();
  if (!due.empty()) try_commit(due, OwnedPartition::Last::no, now);
}

// While the group is put together the requests of the membership wait at the broker, and a commit with them: it goes
// another way then, as a transaction.
bool KafkaMember::try_commit(const std::vector<OwnedPartition*>& partitions, OwnedPartition::Last last, Time now) {
  switch (client_->requests()) {
    case GroupRequests::Now::commit:
      if (commit_under_way_) return false;
      commit(partitions, last);
      return true;
    case GroupRequests::Now::joining:
      if (commit_under_way_ || now < transact_not_before_) return false;
      begin_transaction({}, partitions, last, now);
      return true;
    case GroupRequests::Now::wait:
      break;
  }
  return false;
}

bool KafkaMember::commit_is_due(Time now) const {
  if (now >= committed_at_ + cluster_->options().commit_every) return true;
  const std::lock_guard lock{mutex_};
  return std::ranges::any_of(partitions_, [](const auto& owned) {
    return owned.second->is_urgent() || owned.second->change_count() >= kCommitAfter;
  });
}

std::vector<OwnedPartition*> KafkaMember::with_news() {
  const std::lock_guard lock{mutex_};
  std::vector<OwnedPartition*> due;
  for (auto& [slot, partition] : partitions_) {
    if (!partition->stopped() && (partition->has_news() || partition->is_urgent())) due.push_back(partition.get());
  }
  // What is in flight of partitions that go elsewhere may still be settled.
  if (revocation_ && !revocation_->last_commit_until) {
    for (OwnedPartition* partition : owned(*revocation_->partitions)) {
      if (partition->has_news()) due.push_back(partition);
    }
  }
  return due;
}

// The thread alone takes partitions away: they stay where they are.
void KafkaMember::commit(const std::vector<OwnedPartition*>& partitions, OwnedPartition::Last last) {
  auto sent = std::make_unique<CommitUnderWay>();
  std::vector<CommitOf> offsets;
  {
    const std::lock_guard lock{mutex_};
    for (OwnedPartition* partition : partitions) {
      const auto& commit = sent->commits.emplace(partition->slot(), partition->next_commit(last)).first->second;
      offsets.push_back({cluster_->names().on_cluster(partition->id().topic), partition->id().partition, commit.offset,
                         commit.metadata});
    }
  }
  committed_at_ = cluster_->executor().now();
  cluster_->faults().at("before_commit");
  if (client_->commit(offsets, sent.get())) {
    commit_under_way_ = std::move(sent);
    return;
  }
  const std::lock_guard lock{mutex_};
  for (OwnedPartition* partition : partitions) partition->commit_failed();
  commit_not_before_ = committed_at_ + kCommitPause;
}

void KafkaMember::commit_answered(rd_kafka_event_t& event) {
  if (!commit_under_way_ || rd_kafka_event_opaque(&event) != commit_under_way_.get()) return;
  const auto sent = std::exchange(commit_under_way_, nullptr);
  cluster_->faults().at("after_commit");
  const auto* list = rd_kafka_event_topic_partition_list(&event);
  const auto code = rd_kafka_event_error(&event);
  const std::lock_guard lock{mutex_};
  for (const auto& [slot, commit] : sent->commits) {
    const auto found = partitions_.find(slot);
    if (found == partitions_.end()) continue;
    OwnedPartition& partition = *found->second;
    const std::string topic = cluster_->names().on_cluster(partition.id().topic);
    const auto* answer =
        list == nullptr ? nullptr : rd_kafka_topic_partition_list_find(list, topic.c_str(), partition.id().partition);
    const auto of_partition = answer == nullptr ? code : answer->err;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR && of_partition == RD_KAFKA_RESP_ERR_NO_ERROR) {
      partition.committed(commit, answers_);
    } else {
      partition.commit_failed();
      commit_not_before_ = cluster_->executor().now() + kCommitPause;
    }
  }
  bell_->ring();
}

Time KafkaMember::next_commit_at(Time now) const {
  if (transacting_ || commit_under_way_) return kNever;
  Time at = kNever;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& [slot, partition] : partitions_) {
      if (partition->stopped()) continue;
      if (partition->is_urgent()) at = std::min(at, now + kCommitLook);  // something is in its way, or it had gone
      if (partition->has_news()) at = std::min(at, committed_at_ + cluster_->options().commit_every);
    }
  }
  return at == kNever ? at : std::max({at, next_look(now), commit_not_before_});
}

}  // namespace tidings::kafka
