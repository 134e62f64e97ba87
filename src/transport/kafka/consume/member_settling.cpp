// How a member performs settlements: what they publish is confirmed before they count.
#include <algorithm>

#include "transport/driver/delivery_token.hpp"
#include "transport/kafka/consume/kafka_member.hpp"

namespace tidings::kafka {

using transport::Accept;
using transport::Bury;
using transport::Mark;
using transport::Release;
using transport::Retry;
using transport::RetryOrder;
using transport::Skip;

namespace {

Result<void> not_ours() {
  return conflict("the delivery is not in flight here any more: it was settled, given back, or went to another member");
}

}  // namespace

void KafkaMember::read_letters() {
  Letters letters = inbox_->take();
  for (TransactionAnswer& answer : letters.transacted) transacted(answer);
  for (const TopicMade& topic : letters.made) made(topic);
  for (Published& answer : letters.published) published(answer);
  std::vector<Message> messages;
  for (SettleOrders& orders : letters.orders) perform(orders, messages);
  for (const Hop& one : letters.hops) hop(one);
  if (!messages.empty()) producer_->send(std::move(messages));
}

void KafkaMember::perform(SettleOrders& orders, std::vector<Message>& messages) {
  Outgoing outgoing{messages, nullptr};
  {
    const std::lock_guard lock{mutex_};
    for (std::size_t i = 0; i < orders.settlements.size(); ++i) {
      perform_one(orders.settlements[i], orders.waiter(i), outgoing);
    }
  }
  bell_->ring();  // there is room
}

// Under the lock, as those that follow.
void KafkaMember::perform_one(transport::Settlement& settlement, Waiter waiter, Outgoing& outgoing) {
  const auto offset = transport::place_of(settlement.token);
  const auto found = partitions_.find(transport::slot_of(settlement.token));
  if (found == partitions_.end()) return answers_.add(std::move(waiter), not_ours());
  OwnedPartition& partition = *found->second;
  const auto held = partition.held(offset);
  if (!held && partition.was_doubtful(offset)) return partition.answer_later(offset, std::move(waiter), answers_);
  if (held != OwnedPartition::Held::out) return answers_.add(std::move(waiter), not_ours());
  perform_on(partition, offset, settlement, std::move(waiter), outgoing);
}

void KafkaMember::perform_on(OwnedPartition& partition, std::int64_t offset, transport::Settlement& settlement,
                             Waiter waiter, Outgoing& outgoing) {
  const auto settled = [&] {
    return Settled{partition.record_at(offset), partition.id().partition, partition.attempts_at(offset)};
  };
  const auto now = [&] { return cluster_->executor().now(); };
  if (const auto* bury = std::get_if<Bury>(&settlement.outcome)) {
    return transact_later(partition, offset, std::move(waiter),
                          {dead_letter(settled(), *bury, spec_.subscriber, cluster_->names(), now())});
  }
  if (const auto* retry = std::get_if<Retry>(&settlement.outcome); retry && retry->order == RetryOrder::relaxed) {
    return transact_later(partition, offset, std::move(waiter),
                          {waiting_copy(settled(), retry->attempts, spec_.subscriber, cluster_->names(), now())});
  }
  if (!settlement.publishes.empty()) {
    std::vector<Message> own;
    for (transport::Record& record : settlement.publishes) {
      std::string topic = cluster_->names().on_cluster(record.topic);
      own.push_back({.topic = std::move(topic), .record = std::move(record)});
    }
    if (spec_.transactional) return transact_later(partition, offset, std::move(waiter), std::move(own));
    return publish_then_settle(partition, offset, std::move(waiter), std::move(own), outgoing);
  }
  if (std::holds_alternative<Accept>(settlement.outcome) || std::holds_alternative<Skip>(settlement.outcome)) {
    partition.settle(offset);
    return partition.answer_later(offset, std::move(waiter), answers_);
  }
  if (std::holds_alternative<Release>(settlement.outcome)) {
    partition.release(offset);
    return partition.answer_later(offset, std::move(waiter), answers_);
  }
  if (!partition.has_room_to_retry(offset)) {
    return answers_.add(std::move(waiter),
                        overloaded("too many retries of the partition wait, and too much is settled beyond them: the "
                                   "commit has no room for another; it goes on when the oldest of them are settled"));
  }
  if (const auto* retry = std::get_if<Retry>(&settlement.outcome)) partition.retry(offset, retry->attempts);
  if (const auto* mark = std::get_if<Mark>(&settlement.outcome)) partition.mark(offset, mark->crashes);
  partition.make_urgent();
  partition.answer_later(offset, std::move(waiter), answers_);
}

void KafkaMember::publish_then_settle(OwnedPartition& partition, std::int64_t offset, Waiter waiter,
                                      std::vector<Message> own, Outgoing& outgoing) {
  partition.hold_as(offset, OwnedPartition::Held::publishing);
  if (outgoing.turns == nullptr) outgoing.turns = std::make_shared<transport::PublishTurns>();
  Published published{.slot = partition.slot(), .offset = offset, .waiter = std::move(waiter), .outcome = {}};
  const std::size_t turn =
      outgoing.turns->add(own.size(), [inbox = inbox_, published = std::move(published)](Result<void> outcome) mutable {
        published.outcome = std::move(outcome);
        inbox->put(std::move(published));
      });
  for (Message& message : own) {
    message.answered = [turns = outgoing.turns, turn](Result<void> outcome) {
      turns->answered(turn, std::move(outcome));
    };
    outgoing.messages.push_back(std::move(message));
  }
}

void KafkaMember::published(Published& published) {
  const std::lock_guard lock{mutex_};
  const auto found = partitions_.find(published.slot);
  if (found == partitions_.end()) return answers_.add(std::move(published.waiter), not_ours());
  OwnedPartition& partition = *found->second;
  if (!published.outcome) {
    partition.hold_as(published.offset, OwnedPartition::Held::out);
    return answers_.add(std::move(published.waiter), std::move(published.outcome));
  }
  partition.settle(published.offset);
  bell_->ring();
  partition.answer_later(published.offset, std::move(published.waiter), answers_);
}

}  // namespace tidings::kafka
