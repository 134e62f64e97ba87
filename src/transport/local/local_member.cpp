#include "transport/local/local_member.hpp"

#include <algorithm>

#include "transport/local/limits.hpp"
#include "transport/local/member_scan.hpp"

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
      changed_{store.executor().condition()},
      holdings_{store.partitions()},
      catalog_{store.catalog()} {
  for (const std::uint32_t topic : topics_now(*catalog_)) holdings_.add_topic(topic);
}

std::size_t Member::room() const {
  return in_flight_max_ - std::min(in_flight_max_, holdings_.in_flight());
}

bool Member::ready() const {
  return woken_ || fault_ || !notices_.empty() || ((look_events_ || parked_moved_) && room() > 0);
}

std::size_t Member::drop(std::uint32_t partition) {
  trials_.erase(trials_.lower_bound({partition, 0}), trials_.lower_bound({partition + 1, 0}));
  return holdings_.drop(partition);
}

Result<Batch> Member::receive(std::size_t max, Time deadline) {
  Lock lock{mutex_};
  for (;;) {
    Batch batch;
    parked_moved_ = false;
    if (auto scanned = Scan{*this, lock}.run(std::min(max, room()), batch.deliveries); !scanned) {
      return scanned.error();
    }
    drop_unowned(batch.deliveries);
    batch.notices = std::exchange(notices_, {});
    if (!batch.notices.empty() || !batch.deliveries.empty() || woken_ || store_.now() >= deadline) {
      woken_ = false;
      return batch;
    }
    if (fault_) {
      Error fault = *std::move(fault_);
      fault_.reset();
      return fault;
    }
    const Time until = room() > 0 ? std::min(deadline, parked_due_) : deadline;
    changed_->wait_until(lock, until, store_.executor(), [this] { return ready(); });
  }
}

// While the scan copied without the lock, a partition may have been lost.
void Member::drop_unowned(std::vector<Delivery>& deliveries) const {
  std::erase_if(deliveries, [this](const Delivery& delivery) {
    return holdings_.epoch(static_cast<std::uint32_t>(delivery.position.partition)) != delivery.epoch;
  });
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

void Member::notify(Notice::Kind kind, const std::vector<std::uint32_t>& partitions, Time deadline) {
  Notice notice{.kind = kind, .deadline = deadline};
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

void Member::write(Commit& commit) {
  struct Row {
    ProgressKey key;
    std::string value;
  };
  std::vector<Row> rows;
  {
    const std::lock_guard lock{mutex_};
    if (holdings_.scan_from() != UINT64_MAX && holdings_.scan_from() > raised_at_ + kCheckpointEvery) {
      holdings_.raise_all();
      raised_at_ = holdings_.scan_from();
    }
    for (const auto& place : holdings_.take_changed()) {
      rows.push_back({{.group = subscription_.group, .partition = place.partition, .topic = place.topic}, {}});
      holdings_.encode(place, rows.back().value);
    }
  }
  for (const Row& row : rows) commit.transaction().put(Tree::progress, key_of(row.key), row.value);
}

}  // namespace tidings::local
