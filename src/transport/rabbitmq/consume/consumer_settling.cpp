// How a consumer performs settlements: what they publish is confirmed before they count.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "transport/driver/delivery_token.hpp"
#include "transport/rabbitmq/consume/amqp_consumer.hpp"
#include "transport/rabbitmq/format/amqp_dead_letter_id.hpp"
#include "transport/rabbitmq/format/amqp_names.hpp"
#include "transport/rabbitmq/format/amqp_retry_ladder.hpp"
#include "transport/rabbitmq/link/rabbitmq_limits.hpp"
#include "transport/rabbitmq/publish/rabbitmq_publisher.hpp"

namespace tidings::rabbitmq {

using transport::Accept;
using transport::Bury;
using transport::Copy;
using transport::Mark;
using transport::Release;
using transport::Retry;
using transport::RetryOrder;
using transport::Skip;
using transport::Waiter;

namespace {

Result<void> not_ours() {
  return conflict(
      "the delivery is not in flight here any more: it was settled, given back, or its connection was lost");
}

}  // namespace

void AmqpConsumer::read_letters() {
  std::deque<Order> orders;
  std::deque<Stored> stored_letters = answered_->take();
  {
    const std::lock_guard lock{mutex_};
    orders.swap(orders_);
  }
  for (Stored& letter : stored_letters) stored(letter);
  Publishing publishing;
  bool wants_room = false;
  {
    const std::lock_guard lock{mutex_};
    for (Order& order : orders) perform(order, publishing);
    wants_room = wants_room_;
  }
  hop_on();
  if (!publishing.messages.empty()) {
    broker_->faults().at("before_publish");
    producer_->send(std::move(publishing.messages));
  }
  if (wants_room && (!orders.empty() || !stored_letters.empty())) bell_.ring();
}

// Under the lock. None: it is not ours any more.
OwnedQueue* AmqpConsumer::find(std::uint64_t token, std::uint64_t& tag) {
  const auto found = queues_.find(transport::slot_of(token));
  if (found == queues_.end()) return nullptr;
  const auto there = found->second->tag_of(token);
  tag = there.value_or(0);
  return there ? found->second.get() : nullptr;
}

// Under the lock.
void AmqpConsumer::perform(Order& order, Publishing& publishing) {
  transport::Settlement& settlement = order.settlement;
  std::uint64_t tag = 0;
  std::vector<Outgoing> own;
  OwnedQueue* queue = find(settlement.token, tag);
  if (queue == nullptr || queue->out(tag) == nullptr) return answers_.add(std::move(order.waiter), not_ours());
  if (const auto* bury = std::get_if<Bury>(&settlement.outcome)) own.push_back(dead_letter(*queue, tag, *bury));
  const auto* retry = std::get_if<Retry>(&settlement.outcome);
  if (retry != nullptr && retry->order == RetryOrder::relaxed) {
    own.push_back(waiting_copy(*queue, tag, retry->attempts));
  }
  for (transport::Record& record : settlement.publishes) {
    own.push_back(event_message(broker_->names(), std::move(record)));
  }
  if (own.empty()) {
    if (retry != nullptr || std::holds_alternative<Mark>(settlement.outcome)) {
      OwnedQueue::Known known = queue->known(tag);
      transport::Attempts said = retry != nullptr ? retry->attempts : known.attempts;
      if (retry != nullptr) known.attempts = said;
      known.marked = retry == nullptr;
      if (known.marked) said.crashes = std::get<Mark>(settlement.outcome).crashes;
      known.suspect = known.suspect && known.marked;
      return store_trial(*queue, tag, std::move(order.waiter), std::move(known), said);
    }
    if (std::holds_alternative<Release>(settlement.outcome)) {
      release(*queue, tag);
    } else {
      settle(*queue, tag);
    }
    return answers_.add(std::move(order.waiter), {});
  }
  queue->begin_settling(tag);
  store_then_settle(*queue, tag, std::move(order.waiter), std::move(own), publishing);
}

// Under the lock.
void AmqpConsumer::store_then_settle(OwnedQueue& queue, std::uint64_t tag, Waiter waiter, std::vector<Outgoing> own,
                                     Publishing& publishing) {
  auto& turns = publishing.turns[waiter.call.get()];
  if (turns == nullptr) turns = std::make_shared<transport::PublishTurns>();
  const auto letter = std::make_shared<Stored>(Stored{queue.token_of(tag), std::move(waiter), {}, {}});
  const std::size_t turn = turns->add(own.size(), [answered = answered_, letter](Result<void> outcome) {
    letter->outcome = std::move(outcome);
    answered->put(std::move(*letter));
  });
  for (Outgoing& message : own) {
    message.answered = [turns, turn](Result<void> outcome) { turns->answered(turn, std::move(outcome)); };
    publishing.messages.push_back(std::move(message));
  }
}

// Under the lock. Not final: it stays ours, and is known so from then on.
void AmqpConsumer::store_trial(OwnedQueue& queue, std::uint64_t tag, Waiter waiter, OwnedQueue::Known known,
                               const transport::Attempts& said) {
  queue.begin_settling(tag);
  known.trial = Trials::key_of(queue.message(tag));
  const std::string key = known.trial;
  // Whether it counts or not: who gives the queue up before the answer takes it back.
  queue.known(tag).trial = key;
  queue.known(tag).marked = known.marked;
  const auto letter = std::make_shared<Stored>(Stored{queue.token_of(tag), std::move(waiter), {}, std::move(known)});
  spec_.trials->put(queue.number(), key, said, [answered = answered_, letter](Result<void> outcome) {
    letter->outcome = std::move(outcome);
    answered->put(std::move(*letter));
  });
}

// Under the lock, as the next.
void AmqpConsumer::settle(OwnedQueue& queue, std::uint64_t tag) {
  const OwnedQueue::Known& known = queue.known(tag);
  if (!known.trial.empty()) spec_.trials->erase(queue.number(), known.trial);
  if (known.suspect) innocent(queue, tag);
  queue.settle(tag);
}

void AmqpConsumer::release(OwnedQueue& queue, std::uint64_t tag) {
  OwnedQueue::Known& known = queue.known(tag);
  if (std::exchange(known.marked, false)) {
    if (known.attempts == transport::Attempts{}) {
      spec_.trials->erase(queue.number(), std::exchange(known.trial, ""));
    } else {
      spec_.trials->put(queue.number(), known.trial, known.attempts, [](const Result<void>&) {});
    }
  }
  queue.release(tag);
  bell_.ring();
}

// Under the lock.
void AmqpConsumer::learn(OwnedQueue& queue, std::uint64_t tag, OwnedQueue::Known known) {
  if (queue.known(tag).suspect && !known.suspect) innocent(queue, tag);
  queue.known(tag) = std::move(known);
}

void AmqpConsumer::stored(Stored& stored) {
  gathering_.hurry();
  broker_->faults().at(stored.known ? "after_trial" : "after_publish");
  const std::lock_guard lock{mutex_};
  std::uint64_t tag = 0;
  OwnedQueue* queue = find(stored.token, tag);
  if (queue == nullptr || !queue->is_settling(tag)) return answers_.add(std::move(stored.waiter), not_ours());
  if (!stored.outcome && stored.waiter.call == nullptr) {  // a retry that waits on: again
    hops_.push_back(stored.token);
    hop_not_before_ = executor_.now() + kHopPause;
    return;
  }
  if (stored.known || !stored.outcome) {
    queue->undo_settling(tag);
    if (stored.outcome) learn(*queue, tag, *std::move(stored.known));
  } else {
    settle(*queue, tag);
  }
  answers_.add(std::move(stored.waiter), std::move(stored.outcome));
}

void AmqpConsumer::hop_on() {
  if (executor_.now() < hop_not_before_) return;
  std::vector<Outgoing> messages;
  for (const std::uint64_t token : std::exchange(hops_, {})) {
    std::uint64_t tag = 0;
    const std::lock_guard lock{mutex_};
    OwnedQueue* queue = find(token, tag);
    if (queue == nullptr) continue;
    std::vector<Outgoing> own;
    own.push_back(waiting_copy(*queue, tag, queue->known(tag).attempts));
    Publishing one;  // that it is refused means nothing for others
    store_then_settle(*queue, tag, {}, std::move(own), one);
    std::ranges::move(one.messages, std::back_inserter(messages));
  }
  if (!messages.empty()) producer_->send(std::move(messages));
}

// Under the lock. Of one that was a copy already, what it says of the original.
Copy AmqpConsumer::copy_of(const OwnedQueue& queue, std::uint64_t tag) const {
  Copy copy = queue.message(tag).copy().value_or(Copy{});
  copy.group = spec_.subscription.group;
  copy.subscription = spec_.name;
  copy.topic.clear();  // the record's own header says it
  return copy;
}

Outgoing AmqpConsumer::dead_letter(const OwnedQueue& queue, std::uint64_t tag, const Bury& bury) const {
  Copy copy = copy_of(queue, tag);
  copy.attempts = bury.attempts;
  copy.attempts.last_error = bury.error;
  copy.attempts.due.reset();
  copy.reason = bury.reason;
  copy.buried = executor_.now();
  copy.host = spec_.host;
  copy.pid = spec_.pid;
  Notes notes = transport::copy_headers(copy);
  notes.emplace_back(kDeadLetterId, new_dead_letter_id(executor_));
  return {.exchange = "",
          .key = dead_letters_of(spec_.queues.base),
          .record = to_record(queue.message(tag).record()),
          .notes = std::move(notes)};
}

Outgoing AmqpConsumer::waiting_copy(const OwnedQueue& queue, std::uint64_t tag, const transport::Attempts& attempts) {
  Copy copy = copy_of(queue, tag);
  copy.attempts = attempts;
  const auto step = steps_.choose(attempts.due, executor_.now());
  return {.exchange = "",
          .key = retries_of(spec_.queues.name, step.count()),
          .record = to_record(queue.message(tag).record()),
          .notes = transport::copy_headers(copy)};
}

}  // namespace tidings::rabbitmq
