// How a member performs settlements that publish copies: in transactions, each with how far the group is then.
#include <algorithm>

#include "transport/kafka/client/kafka_limits.hpp"
#include "transport/kafka/consume/kafka_member.hpp"

namespace tidings::kafka {

using Held = OwnedPartition::Held;

namespace {

Error lost() {
  return conflict(
      "the partition is another member's by now: the settlement was not made, and the event is handled there");
}

Error not_made(const std::string& why) {
  return unavailable("the broker did not take the settlement in time; it was not made" +
                     (why.empty() ? why : ": " + why));
}

}  // namespace

// Under the lock.
void KafkaMember::transact_later(OwnedPartition& partition, std::int64_t offset, Waiter waiter,
                                 std::vector<Message> messages) {
  partition.hold_as(offset, Held::publishing);
  to_transact_.push_back(
      {.slot = partition.slot(), .offset = offset, .waiter = std::move(waiter), .messages = std::move(messages)});
}

void KafkaMember::transact(Time now) {
  if (!transacting_) hop_again(now);
  expire_orders(now);  // the one that is under way, or a commit, takes as long as the broker is away
  if (to_transact_.empty() || transacting_ || leaving_ || now < transact_not_before_) return;
  if (commit_under_way_) return;  // what it says is older
  if (revocation_ && revocation_->last_commit_until) return;
  std::vector<TransactionOrder> orders = take_ready_orders();
  if (!orders.empty()) begin_transaction(std::move(orders), with_news(), OwnedPartition::Last::no, now);
}

// In their order, but that none waits for a topic of another one.
std::vector<TransactionOrder> KafkaMember::take_ready_orders() {
  std::vector<TransactionOrder> orders;
  bool is_full = false;
  std::erase_if(to_transact_, [&](TransactionOrder& order) {
    if (is_full) return false;
    want_topics(order);
    if (awaited_for(order) != nullptr) return false;
    const bool alone = order.refusals > 0;  // others would be refused with it
    if (alone && !orders.empty()) {
      is_full = true;
      return false;
    }
    if (!may_transact(order)) return true;
    orders.push_back(std::move(order));
    is_full = alone || orders.size() == kTransactionOrdersMax;
    return true;
  });
  return orders;
}

// Topics of ours are made when the first copy goes there.
void KafkaMember::want_topics(const TransactionOrder& order) {
  for (const Message& message : order.messages) {
    if (!message.copy || ready_topics_.contains(message.topic)) continue;
    if (awaited_.emplace(message.topic, "").second) topic_maker_->want(message.topic);
  }
}

// Where it is refused for good, so is who waits for it.
void KafkaMember::made(const TopicMade& made) {
  if (made.outcome) {
    ready_topics_.insert(made.topic);
    awaited_.erase(made.topic);
    return;
  }
  const Error& error = made.outcome.error();
  if (error.kind == ErrorKind::unavailable || error.kind == ErrorKind::overloaded) {
    awaited_[made.topic] = error.message;
    return;
  }
  awaited_.erase(made.topic);
  const Time now = cluster_->executor().now();
  const std::lock_guard lock{mutex_};
  std::erase_if(to_transact_, [&](TransactionOrder& order) {
    const bool waits = std::ranges::any_of(
        order.messages, [&](const Message& message) { return message.copy && message.topic == made.topic; });
    if (waits) refuse(std::move(order), error, now);
    return waits;
  });
}

// Under the lock.
void KafkaMember::refuse(TransactionOrder order, const Error& error, Time now) {
  const auto found = partitions_.find(order.slot);
  if (found == partitions_.end()) return answers_.add(std::move(order.waiter), lost());
  if (order.waiter.call == nullptr) return hop_refused(std::move(order), error, now);
  found->second->hold_as(order.offset, Held::out);
  answers_.add(std::move(order.waiter), error);
}

// Without orders: a commit that goes another way than the requests of the membership.
void KafkaMember::begin_transaction(std::vector<TransactionOrder> orders,
                                    const std::vector<OwnedPartition*>& partitions, OwnedPartition::Last last,
                                    Time now) {
  Transaction transaction{.orders = std::move(orders), .commits = {}, .group = {}};
  bool is_cut = false;
  {
    const std::lock_guard lock{mutex_};
    for (OwnedPartition* partition : partitions) {
      auto commit = partition->next_commit(last);
      transaction.group.offsets.push_back({cluster_->names().on_cluster(partition->id().topic),
                                           partition->id().partition, commit.offset, commit.metadata});
      is_cut = is_cut || commit.is_cut;
      transaction.commits.emplace(partition->slot(), std::move(commit));
    }
    // It would not say that they are settled. With more of them it has room.
    if (is_cut && !transaction.orders.empty()) {
      TransactionAnswer put_off{.orders = std::move(transaction.orders), .commits = std::move(transaction.commits)};
      return not_transacted(put_off);
    }
  }
  transaction.group.member.reset(client_->metadata());
  transacting_ = true;
  committed_at_ = now;
  transactor_->begin(std::move(transaction));
}

// They were not made, and wait for what is away, or for a turn that did not come.
void KafkaMember::expire_orders(Time now) {
  const std::lock_guard lock{mutex_};
  std::erase_if(to_transact_, [&](TransactionOrder& order) {
    if (order.waiter.call == nullptr || order.waiter.call->deadline > now) return false;
    const std::string* topic = awaited_for(order);
    const Error error = not_made(topic == nullptr ? "" : *topic);
    refuse(std::move(order), error, now);
    return true;
  });
}

// Why the first topic that it waits for is not there yet, as far as that is known; null: it waits for none.
const std::string* KafkaMember::awaited_for(const TransactionOrder& order) const {
  for (const Message& message : order.messages) {
    const auto awaited = awaited_.find(message.topic);
    if (message.copy && awaited != awaited_.end()) return &awaited->second;
  }
  return nullptr;
}

bool KafkaMember::has_orders_to_transact() const {
  return std::ranges::any_of(to_transact_, [this](const auto& order) { return awaited_for(order) == nullptr; });
}

// Otherwise it was answered.
bool KafkaMember::may_transact(TransactionOrder& order) {
  const std::lock_guard lock{mutex_};
  const auto found = partitions_.find(order.slot);
  if (found == partitions_.end()) {
    answers_.add(std::move(order.waiter), lost());
    return false;
  }
  found->second->begin_settling(order.offset);
  return true;
}

void KafkaMember::transacted(TransactionAnswer& answer) {
  transacting_ = false;
  const std::lock_guard lock{mutex_};
  if (!answer.result) return not_transacted(answer);
  for (TransactionOrder& order : answer.orders) {
    const auto found = partitions_.find(order.slot);
    if (found != partitions_.end()) found->second->finish_settling(order.offset);
    answers_.add(std::move(order.waiter), {});
  }
  for (const auto& [slot, commit] : answer.commits) {
    const auto found = partitions_.find(slot);
    if (found != partitions_.end()) found->second->committed(commit, answers_);
  }
  bell_->ring();
}

// Under the lock. Those at fault are answered; the others are tried again, in their order.
void KafkaMember::not_transacted(TransactionAnswer& answer) {
  const Time now = cluster_->executor().now();
  transact_not_before_ = now + kCommitPause;
  for (const auto& [slot, commit] : answer.commits) {
    const auto found = partitions_.find(slot);
    if (found != partitions_.end()) found->second->commit_failed();
  }
  for (std::size_t i = answer.orders.size(); i-- > 0;) {
    TransactionOrder& order = answer.orders[i];
    const auto found = partitions_.find(order.slot);
    if (found == partitions_.end()) {
      answers_.add(std::move(order.waiter), lost());
      continue;
    }
    found->second->undo_settling(order.offset);
    const auto refused = answer.refused.find(i);
    const bool at_fault = refused != answer.refused.end() && refused->second.kind != ErrorKind::unavailable &&
                          refused->second.kind != ErrorKind::overloaded;
    if (!at_fault) {
      to_transact_.push_front(std::move(order));
      continue;
    }
    for (const Message& message : order.messages) ready_topics_.erase(message.topic);  // it may be gone
    refuse(std::move(order), refused->second, now);
  }
}

}  // namespace tidings::kafka
