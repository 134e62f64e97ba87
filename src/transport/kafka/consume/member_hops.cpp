// How a retry that waits goes on to its next step, and what becomes of it where the cluster refuses that.
#include <fmt/format.h>

#include <algorithm>

#include "transport/bounded_text.hpp"
#include "transport/kafka/client/kafka_limits.hpp"
#include "transport/kafka/consume/kafka_member.hpp"

namespace tidings::kafka {

using Held = OwnedPartition::Held;

namespace {

Duration pause_after(int refusals) {
  Duration pause = kCommitPause;
  for (int i = 1; i < refusals && pause < kHopPauseMax; ++i) pause *= 2;
  return std::min(pause, kHopPauseMax);
}

// Beyond the limit in turn: whichever of both is taken again first.
bool becomes_dead_letter(int refusals) {
  return refusals >= kHopTriesMax && (refusals - kHopTriesMax) % 2 == 0;
}

}  // namespace

void KafkaMember::hop(const Hop& hop) {
  const std::lock_guard lock{mutex_};
  const auto found = partitions_.find(hop.slot);
  if (found == partitions_.end() || found->second->held(hop.offset) != Held::hopping) return;
  TransactionOrder order{.slot = hop.slot, .offset = hop.offset};
  order.messages.push_back(next_copy(*found->second, order, cluster_->executor().now()));
  to_transact_.push_back(std::move(order));
}

// Under the lock.
Message KafkaMember::next_copy(OwnedPartition& partition, const TransactionOrder& order, Time now) const {
  const Settled settled{partition.record_at(order.offset), partition.id().partition,
                        partition.attempts_at(order.offset)};
  if (!becomes_dead_letter(order.refusals)) {
    return waiting_copy(settled, settled.attempts, spec_.subscriber, cluster_->names(), now);
  }
  std::string error =
      fmt::format("its retry could not wait on: {}. Its last attempt: {}", order.refusal, settled.attempts.last_error);
  error = transport::bounded_text(std::move(error));
  return dead_letter(settled, {.reason = "failed", .error = std::move(error), .attempts = settled.attempts},
                     spec_.subscriber, cluster_->names(), now);
}

// Under the lock. It stays where it is until then: nothing is lost but time.
void KafkaMember::hop_refused(TransactionOrder order, const Error& why, Time now) {
  ++order.refusals;
  order.refusal = why.message;
  const Duration pause = pause_after(order.refusals);
  order.not_before = now + pause;
  if (order.refusals > kHopTriesMax && !trouble_stays_) {
    trouble_ = Error{why.kind, fmt::format("a retry of group '{}' can neither wait on nor become a dead letter; it "
                                           "stays where it is, and is tried again: {}",
                                           spec_.subscriber.group, why.message)};
    bell_->ring();
  }
  refused_hops_.push_back(std::move(order));
}

void KafkaMember::hop_again(Time now) {
  const std::lock_guard lock{mutex_};
  std::erase_if(refused_hops_, [&](TransactionOrder& order) {
    const auto found = partitions_.find(order.slot);
    if (found == partitions_.end()) return true;
    if (now < order.not_before) return false;
    order.messages.clear();
    order.messages.push_back(next_copy(*found->second, order, now));
    to_transact_.push_back(std::move(order));
    return true;
  });
}

}  // namespace tidings::kafka
