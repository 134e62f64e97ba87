// How a consumer's queues come and go, as QueueSharing says.
#include <algorithm>
#include <iterator>
#include <utility>

#include "transport/driver/delivery_token.hpp"
#include "transport/rabbitmq/catalog/rabbitmq_catalog.hpp"
#include "transport/rabbitmq/consume/amqp_consumer.hpp"
#include "transport/rabbitmq/link/channel_turns.hpp"
#include "transport/rabbitmq/link/rabbitmq_limits.hpp"

namespace tidings::rabbitmq {

using transport::Notice;

Result<void> AmqpConsumer::begin_sharing() {
  if (!spec_.queues.competing) {
    sharing_ = std::make_unique<QueueSharing>(executor_, spec_.log, spec_.trials, sharing_spec());
    return {};
  }
  // So that what was tried is known, from now on.
  const auto read = spec_.log->list(ControlSpace::driver, share_prefix(spec_.queues.name));
  return read ? Result<void>{} : read.error();
}

// Members that compete have the queue together: what comes again may have killed any of them.
void AmqpConsumer::begin_connection() {
  ++connection_;
  if (sharing_ != nullptr) return sharing_->connected(connection_);
  const std::lock_guard lock{mutex_};
  share_orders_.push_back({.kind = ShareOrder::Kind::take,
                           .queue = 0,
                           .connection = connection_,
                           .slot = ++last_slot_,
                           .prefetch = static_cast<std::uint16_t>(broker_->options().prefetch),
                           .suspects = {.are = QueueSuspects::Are::all, .places = {}},
                           .trials = {}});
}

SharingSpec AmqpConsumer::sharing_spec() {
  return {.name = spec_.queues.name,
          .queues = spec_.queues.read.size(),
          .instance = spec_.subscription.instance,
          .life = life_,
          .prefetch = static_cast<std::uint16_t>(broker_->options().prefetch),
          .board = board_,
          .board_of = spec_.board_of,
          .is_there = [this](const std::string& instance) -> Result<bool> {
            return is_member_there(*broker_, spec_.queues, instance, kLookWithin);
          },
          .announce = spec_.announce,
          .tell =
              [this](std::vector<ShareOrder> orders) {
                const std::lock_guard lock{mutex_};
                std::ranges::move(orders, std::back_inserter(share_orders_));
                answered_->wake();
              },
          .trouble =
              [this](Error error) {
                const std::lock_guard lock{mutex_};
                trouble_ = std::move(error);
                bell_.ring();
              }};
}

void AmqpConsumer::follow_orders() {
  std::deque<ShareOrder> orders;
  {
    const std::lock_guard lock{mutex_};
    orders.swap(share_orders_);
  }
  Notice assigned{.kind = Notice::Kind::assigned, .partitions = {}};
  for (ShareOrder& order : orders) {
    if (link_ == nullptr || link_->is_dead() || order.connection != connection_) {
      keep_suspects(order);
      continue;
    }
    switch (order.kind) {
      case ShareOrder::Kind::take:
        if (take_queue(order)) assigned.partitions.push_back(id_of(order.queue));
        break;
      case ShareOrder::Kind::give_up:
        give_up(order.queue);
        break;
      case ShareOrder::Kind::lose:
        lose(order.queue);
        break;
    }
  }
  if (assigned.partitions.empty()) return;
  const std::lock_guard lock{mutex_};
  notices_.push_back(std::move(assigned));
  bell_.ring();
}

Channel AmqpConsumer::free_channel() {
  do {
    last_channel_ = channel_after(last_channel_, kStepsChannel + 1);
  } while (slots_.contains(last_channel_));
  return last_channel_;
}

// Of one that is not taken now, though its record says that it is ours: it is taken on another connection.
void AmqpConsumer::keep_suspects(ShareOrder& order) {
  if (order.kind != ShareOrder::Kind::take || order.suspects.are == QueueSuspects::Are::before) return;
  suspects_before_[order.queue] = {.slot = 0, .suspects = std::move(order.suspects)};
}

bool AmqpConsumer::take_queue(ShareOrder& order) {
  const Channel channel = free_channel();
  auto done = link_->open_channel(channel);
  // Others may have removed it, or made it otherwise, since we began: from theirs our events would be missing.
  if (done) done = declare_queue(*link_, channel, spec_.queues, order.queue);
  if (done) {
    done = link_->consume(channel, spec_.queues.read.at(order.queue),
                          {.tag = spec_.subscription.instance, .prefetch = order.prefetch});
  }
  const std::lock_guard lock{mutex_};
  if (!done) {
    trouble_ = done.error();
    keep_suspects(order);
    link_->abandon();
    is_refused_ = true;
    return false;
  }
  is_refused_ = false;
  QueueBefore before{.suspects = std::move(order.suspects), .trials = std::move(order.trials)};
  if (before.suspects.are == QueueSuspects::Are::before) {
    Remembered& remembered = suspects_before_[order.queue];
    before.suspects = std::move(remembered.suspects);
    if (board_ != nullptr) board_->remove_slot(remembered.slot);  // they stand there by the new one
  }
  before.competing = spec_.queues.competing;
  suspects_before_.erase(order.queue);
  const transport::PartitionId id = id_of(order.queue);
  auto queue = std::make_unique<OwnedQueue>(id, order.slot, std::move(before));
  queue->set_paused(paused_.contains(id));
  slots_.emplace(channel, order.slot);
  queues_.emplace(order.slot, std::move(queue));
  return true;
}

// Under the lock.
OwnedQueue* AmqpConsumer::numbered(std::size_t number) {
  for (auto& [slot, queue] : queues_) {
    if (queue->number() == number) return queue.get();
  }
  return nullptr;
}

void AmqpConsumer::give_up(std::size_t number) {
  const std::lock_guard lock{mutex_};
  OwnedQueue* queue = numbered(number);
  if (queue == nullptr) return;
  const Time deadline = executor_.now() + broker_->options().revoke_within;
  queue->stop(deadline);
  notices_.push_back({.kind = Notice::Kind::revoking, .partitions = {queue->id()}, .deadline = deadline});
  bell_.ring();
}

// Those of which nothing is in flight any more, and those that had their time for it.
void AmqpConsumer::release_stopped() {
  if (link_ == nullptr || link_->is_dead()) return;
  std::vector<std::unique_ptr<OwnedQueue>> stopped;
  {
    const std::lock_guard lock{mutex_};
    std::vector<OwnedQueue*> all;
    for (const auto& [slot, queue] : queues_) {
      if (queue->has_stopped(executor_.now())) all.push_back(queue.get());
    }
    for (OwnedQueue* queue : all) stopped.push_back(take_out(*queue));
  }
  for (const auto& queue : stopped) {
    close_channel_of(*queue);
    if (link_->is_dead()) {  // as all others are
      suspects_before_[queue->number()] = {.slot = queue->slot(), .suspects = queue->suspects()};
      continue;
    }
    sharing_->released(queue->number(), queue->suspects() != QueueSuspects{});
    forget_suspects(*queue);
  }
}

void AmqpConsumer::lose(std::size_t number) {
  std::unique_ptr<OwnedQueue> lost;
  {
    const std::lock_guard lock{mutex_};
    OwnedQueue* queue = numbered(number);
    if (queue == nullptr) return;
    lost = take_out(*queue);
  }
  close_channel_of(*lost);
  forget_suspects(*lost);
}

// Under the lock. From now on nobody settles what of it is in flight.
std::unique_ptr<OwnedQueue> AmqpConsumer::take_out(OwnedQueue& queue) {
  take_marks_back(queue);
  if (queue.has_in_flight()) {
    notices_.push_back({.kind = Notice::Kind::lost, .partitions = {queue.id()}});
    bell_.ring();
  }
  return std::move(queues_.extract(queue.slot()).mapped());
}

// What was not settled goes back, to its place. Blocks.
void AmqpConsumer::close_channel_of(OwnedQueue& queue) {
  for (auto entry = slots_.begin(); entry != slots_.end(); ++entry) {
    if (entry->second != queue.slot()) continue;
    acknowledge(entry->first, queue);
    link_->close_channel(entry->first);
    arriving_.erase(entry->first);
    slots_.erase(entry);
    return;
  }
}

void AmqpConsumer::acknowledge(Channel channel, OwnedQueue& queue) {
  for (const OwnedQueue::Ack& ack : queue.take_acks()) {
    (void)link_->ack(channel, ack.tag, ack.and_all_before);
    broker_->faults().at("after_acknowledgement");
  }
}

// Under the lock, as the next two. Another death must not hide that it is suspect.
void AmqpConsumer::suspect(const OwnedQueue& queue, std::uint64_t tag) {
  if (board_ == nullptr) return;
  const std::int64_t place = transport::place_of(queue.token_of(tag));
  // Without a board, all is suspect.
  if (!board_->put_suspects(queue.slot(), {place})) board_->remove();
}

void AmqpConsumer::innocent(const OwnedQueue& queue, std::uint64_t tag) {
  if (board_ != nullptr) board_->remove_suspect(queue.slot(), transport::place_of(queue.token_of(tag)));
}

void AmqpConsumer::forget_suspects(const OwnedQueue& queue) {
  if (board_ != nullptr) board_->remove_slot(queue.slot());
}

}  // namespace tidings::rabbitmq
