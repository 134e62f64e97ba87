// QueueSharing: while the server takes no messages, and how what was taken then is noted.
#include <algorithm>
#include <utility>

#include "transport/rabbitmq/consume/queue_sharing.hpp"
#include "transport/rabbitmq/link/rabbitmq_limits.hpp"

namespace tidings::rabbitmq {

Result<QueueSharing::Step> QueueSharing::do_without_records() {
  // Dead members count until they are found out, once it takes them again.
  give_up_not_before_ = executor_.now() + kReturnWithin;
  const auto records = read();
  if (!records) return records.error();
  compare(*records);
  take_back();
  take_ownerless(*records);
  return Step::done;
}

// What was to go to another one, who would not be told.
void QueueSharing::take_back() {
  for (const Release& release : std::exchange(releases_, {})) {
    const auto held = held_.find(release.queue);
    if (held == held_.end()) continue;
    Held& ours = held->second;
    ours.record.slot = next_slot_++;
    ours.is_noted = ours.asked_back = false;
    const auto were = release.suspects ? QueueSuspects::Are::all : QueueSuspects::Are::none;
    spec_.tell({order_of(release.queue, ours.record, {.are = were, .places = {}})});
  }
}

void QueueSharing::take_ownerless(const ShareRecords& records) {
  std::vector<ShareOrder> orders;
  for (std::size_t queue = 0; queue < records.queues.size(); ++queue) {
    const QueueRecord& before = records.queues[queue];
    if (held_.contains(queue) || has_owner(before, records)) continue;
    const QueueRecord ours{.instance = spec_.instance,
                           .life = spec_.life,
                           .slot = next_slot_++,
                           .prefetch = std::max(spec_.prefetch, before.prefetch),
                           .held = true,
                           .version = before.version};
    held_.emplace(queue, Held{.record = ours, .is_noted = false});
    orders.push_back(order_of(queue, ours, suspects_after(before)));
  }
  if (!orders.empty()) spec_.tell(std::move(orders));
}

// Who cannot be asked after counts as there.
bool QueueSharing::has_owner(const QueueRecord& queue, const ShareRecords& records) {
  if (!queue.held || queue.life == spec_.life) return false;
  const auto owner = records.members.find(queue.instance);
  if (owner == records.members.end() || owner->second.life != queue.life) return false;
  // When we were away, so were they.
  if (executor_.now() < connected_at_ + kReturnWithin) return true;
  return spec_.is_there(queue.instance).value_or(true);
}

// Once the server takes messages again. Who was noted before us has it.
Result<QueueSharing::Step> QueueSharing::note_taken() {
  std::vector<std::size_t> queues;
  std::vector<RecordChange> changes;
  for (const auto& [queue, held] : held_) {
    if (held.is_noted) continue;
    queues.push_back(queue);
    changes.push_back(
        {.key = queue_key(spec_.name, queue), .value = text_of(held.record), .expected = held.record.version});
  }
  if (queues.empty()) return Step::done;
  const RecordVersions versions = put(changes);
  for (std::size_t i = 0; i < queues.size(); ++i) {
    if (!versions[i] && versions[i].error().kind != ErrorKind::conflict) return versions[i].error();
    if (!versions[i]) continue;  // what was noted is read by the next step
    Held& held = held_.at(queues[i]);
    held.record.version = *versions[i];
    held.is_noted = true;
  }
  return Step::again;
}

}  // namespace tidings::rabbitmq
