#include "transport/local/member/local_member.hpp"

#include <algorithm>

#include "base/countdown.hpp"
#include "base/flaw.hpp"
#include "transport/local/member/member_scan.hpp"
#include "transport/local/storage/limits.hpp"

namespace tidings::local {

using transport::Batch;
using transport::Consumer;
using transport::Delivery;
using transport::Notice;
using transport::PartitionId;

Member::Member(Store& store, MemberParts parts)
    : store_{store},
      subscription_{std::move(parts.subscription)},
      row_{std::move(parts.row)},
      board_{std::move(parts.board)},
      in_flight_max_{parts.in_flight_max},
      in_flight_bytes_max_{parts.in_flight_bytes_max},
      changed_{store.executor().condition()},
      holdings_{store.partitions()},
      catalog_{store.catalog()} {
  for (const std::uint32_t topic : topics_now(*catalog_)) holdings_.add_topic(topic);
}

// In number; 0 where there is none in bytes.
std::size_t Member::room() const {
  if (room_bytes() == 0) return 0;
  return in_flight_max_ - std::min(in_flight_max_, holdings_.in_flight());
}

std::size_t Member::room_bytes() const {
  if (flawed(Flaw::local_in_flight_heavy)) return SIZE_MAX;
  return in_flight_bytes_max_ - std::min(in_flight_bytes_max_, holdings_.in_flight_bytes());
}

bool Member::ready() const {
  return woken_ || fault_ || !notices_.empty() || ((look_events_ || parked_moved_) && room() > 0);
}

std::size_t Member::drop(std::uint32_t partition) {
  trials_.erase(trials_.lower_bound({partition, 0}), trials_.lower_bound({partition + 1, 0}));
  return holdings_.drop(partition);
}

Result<Batch> Member::receive(std::size_t max, Time deadline) {
  const Deadline end{store_.executor(), deadline};
  Lock lock{mutex_};
  for (;;) {
    Batch batch;
    parked_moved_ = false;
    if (auto scanned = Scan{*this, lock}.run(std::min(max, room()), batch.deliveries); !scanned) {
      return scanned.error();
    }
    checkpoint(lock);
    drop_unowned(batch.deliveries);
    batch.notices = std::exchange(notices_, {});
    if (!batch.notices.empty() || !batch.deliveries.empty() || woken_ || end.reached()) {
      woken_ = false;
      return batch;
    }
    if (fault_) {
      Error fault = *std::move(fault_);
      fault_.reset();
      return fault;
    }
    const Time until = room() > 0 ? std::min(end.at(), parked_due_) : end.at();
    changed_->wait_until(lock, until, store_.executor(), [this] { return ready(); });
  }
}

// While the scan copied without the lock, a partition may have been lost.
void Member::drop_unowned(std::vector<Delivery>& deliveries) {
  std::erase_if(deliveries, [this](const Delivery& delivery) { return holdings_.find(delivery.token) == nullptr; });
}

void Member::set_flow(std::span<const PartitionId> partitions, Consumer::Flow flow) {
  const std::lock_guard lock{mutex_};
  for (const PartitionId& id : partitions) {
    const TopicRow* topic = catalog_->find(id.topic);
    if (topic == nullptr || id.partition < 0) continue;
    const auto partition = static_cast<std::uint32_t>(id.partition);
    if (flow == Consumer::Flow::paused) {
      holdings_.pause(partition, topic->id);
    } else {
      holdings_.resume(partition, topic->id);
    }
  }
  if (flow == Consumer::Flow::paused) return;
  look_events_ = true;
  expect_parked(Time{});
  changed_->notify_all();
}

void Member::wake() {
  const std::lock_guard lock{mutex_};
  woken_ = true;
  changed_->notify_all();
}

void Member::rang(Changes changes) {
  const std::lock_guard lock{mutex_};
  if ((changes & kEventsChanged) != 0) look_events_ = true;
  if ((changes & kParkedChanged) != 0) expect_parked(Time{});
  if (ready()) changed_->notify_all();
}

// A parked event is due then.
void Member::expect_parked(Time due) {
  if (due >= parked_due_) return;
  parked_due_ = due;
  parked_moved_ = true;
  changed_->notify_all();
}

void Member::notify(Notice::Kind kind, const std::vector<std::uint32_t>& partitions) {
  Notice notice{.kind = kind};
  for (const std::uint32_t topic : holdings_.topics()) add_ids(notice, topic, partitions);
  if (notice.partitions.empty()) return;
  notices_.push_back(std::move(notice));
  changed_->notify_all();
}

void Member::notify_topic(std::uint32_t topic, const std::vector<std::uint32_t>& partitions) {
  Notice notice{.kind = Notice::Kind::assigned};
  add_ids(notice, topic, partitions);
  if (!notice.partitions.empty()) notices_.push_back(std::move(notice));
}

void Member::add_ids(Notice& notice, std::uint32_t topic, const std::vector<std::uint32_t>& partitions) const {
  const TopicRow& row = *catalog_->find(topic);
  for (const std::uint32_t partition : partitions) {
    if (partition >= row.partitions) continue;
    notice.partitions.push_back({.topic = row.name, .partition = static_cast<std::int32_t>(partition)});
  }
}

Member::ProgressRow Member::progress_row(const Holdings::Place& place) const {
  ProgressRow row{.key = {.group = subscription_.group, .partition = place.partition, .topic = place.topic}};
  row.epoch = holdings_.epoch(place.partition);
  holdings_.encode(place, row.value);
  return row;
}

bool Member::is_far() const {
  return holdings_.scan_from() != UINT64_MAX && holdings_.scan_from() > raised_at_ + kCheckpointEvery;
}

void Member::write(Commit& commit) {
  std::vector<ProgressRow> rows;
  {
    const std::lock_guard lock{mutex_};
    if (is_far()) {
      holdings_.raise_all();
      raised_at_ = holdings_.scan_from();
    }
    for (const auto& place : holdings_.take_changed()) rows.push_back(progress_row(place));
  }
  // Whoever owns a partition by now knows better.
  std::map<std::uint32_t, bool> ours;
  for (const ProgressRow& row : rows) {
    const auto [known, added] = ours.try_emplace(row.key.partition, false);
    if (added) {
      const Owner owner = owner_of(commit.transaction(), subscription_.id, row.key.partition);
      known->second = owner == Owner{.member = row_.id, .epoch = row.epoch};
    }
    if (known->second && !flawed(Flaw::local_unstored))
      commit.transaction().put(Tree::progress, key_of(row.key), row.value);
  }
}

namespace {

// Stores how far a member is that has nothing to settle.
class CheckpointOp final : public CommitOp {
 public:
  CheckpointOp(std::shared_ptr<AtCommitEnd> member, Time deadline) : member_{std::move(member)}, deadline_{deadline} {}

  void apply(Commit& commit) override { commit.at_end(member_); }
  void finish(const Result<void>&) override {}  // the next one tries again
  Time deadline() const override { return deadline_; }

 private:
  const std::shared_ptr<AtCommitEnd> member_;
  const Time deadline_;
};

}  // namespace

void Member::checkpoint(Lock& lock) {
  if (!is_far() || holdings_.scan_from() < checkpoint_at_) return;
  checkpoint_at_ = holdings_.scan_from() + kCheckpointEvery;
  lock.unlock();
  store_.committer().submit(std::make_shared<CheckpointOp>(shared_from_this(), store_.now() + kChangeWithin));
  lock.lock();
}

}  // namespace tidings::local
