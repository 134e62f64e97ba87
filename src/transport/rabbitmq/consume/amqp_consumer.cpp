#include "transport/rabbitmq/consume/amqp_consumer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/countdown.hpp"
#include "transport/driver/delivery_token.hpp"
#include "transport/rabbitmq/catalog/rabbitmq_catalog.hpp"
#include "transport/rabbitmq/consume/amqp_holdings.hpp"
#include "transport/rabbitmq/format/amqp_names.hpp"
#include "transport/rabbitmq/format/amqp_retry_ladder.hpp"
#include "transport/rabbitmq/link/rabbitmq_limits.hpp"

namespace tidings::rabbitmq {

using transport::Batch;
using transport::Notice;

namespace {

constexpr Duration kTick = std::chrono::milliseconds{100};
constexpr std::size_t kHeardMax = 64;  // messages, before who waits for them is woken, and others are acknowledged

}  // namespace

Result<std::unique_ptr<transport::Consumer>> AmqpConsumer::join(std::shared_ptr<Broker> broker,
                                                                std::shared_ptr<Producer> producer, ConsumerSpec spec) {
  if (auto declared = declare_needed(*broker, spec); !declared) return declared.error();
  std::unique_ptr<AmqpConsumer> consumer{new AmqpConsumer{std::move(broker), std::move(producer), std::move(spec)}};
  if (auto begun = consumer->begin_sharing(); !begun) return begun.error();
  consumer->thread_ = consumer->executor_.spawn("amqp-consume", [self = consumer.get()] { self->run(); });
  return std::unique_ptr<transport::Consumer>{std::move(consumer)};
}

AmqpConsumer::AmqpConsumer(std::shared_ptr<Broker> broker, std::shared_ptr<Producer> producer, ConsumerSpec spec)
    : broker_{std::move(broker)},
      producer_{std::move(producer)},
      spec_{std::move(spec)},
      executor_{broker_->executor()},
      life_{executor_.random() | 1},
      board_{transport::InstanceBoard::take_over(spec_.board_of(spec_.subscription.instance), life_,
                                                 spec_.subscription.running_max, kBoardSuspectsMax)},
      bell_{executor_},
      reopen_pause_{kReopenPause},
      gathering_{static_cast<std::size_t>(std::max(1, broker_->options().prefetch / 4))} {}

AmqpConsumer::~AmqpConsumer() {
  stopping_ = true;
  answered_->wake();
  if (thread_ != nullptr) link_ending_.wait();
  thread_.reset();
  sharing_.reset();
  if (board_ != nullptr) board_->remove();
  // Where the server hangs it stays there as that of a process that died.
  if (spec_.left && has_left_) spec_.left();
}

Result<Batch> AmqpConsumer::receive(std::size_t max, Time deadline) {
  const Deadline end{executor_, deadline};
  while (true) {
    const std::uint64_t heard = bell_.rings();
    Batch batch;
    Time until = end.at();
    {
      const std::lock_guard lock{mutex_};
      batch.notices.swap(notices_);
      std::size_t records = 0, bytes = 0;
      for (const auto& [slot, queue] : queues_) {
        records += queue->out_count();
        bytes += queue->out_bytes();
      }
      const std::size_t most = spec_.subscription.in_flight_max;
      Room room{.records = std::min(max, most - std::min(records, most)),
                .bytes = static_cast<std::int64_t>(spec_.subscription.in_flight_bytes_max) -
                         static_cast<std::int64_t>(bytes)};
      const Time now = executor_.now();
      for (auto& [slot, queue] : queues_) {
        queue->hand_out(room, now, batch.deliveries);
        until = std::min(until, queue->waits_until());
      }
      const bool is_empty = batch.notices.empty() && batch.deliveries.empty();
      if (is_empty && trouble_) return *std::exchange(trouble_, std::nullopt);
      if (!is_empty || woken_.exchange(false) || end.reached()) return batch;
      wants_room_ = room.records == 0 || room.bytes <= 0;
    }
    bell_.wait(heard, until);
  }
}

void AmqpConsumer::settle(std::vector<transport::Settlement> settlements, Settled settled) {
  const auto call = std::make_shared<transport::SettleCall>();
  call->settled = std::move(settled);
  call->deadline = executor_.now() + transport::kSettleWithin;
  {
    const std::lock_guard lock{mutex_};
    for (std::size_t i = 0; i < settlements.size(); ++i) {
      orders_.push_back({std::move(settlements[i]), {call, i}});
    }
  }
  answered_->wake();
}

void AmqpConsumer::set_flow(std::span<const transport::PartitionId> partitions, Flow flow) {
  const std::lock_guard lock{mutex_};
  for (const auto& id : partitions) {
    if (flow == Flow::paused) paused_.insert(id);
    if (flow == Flow::flowing) paused_.erase(id);
    for (auto& [slot, queue] : queues_) {
      if (queue->id() == id) queue->set_paused(flow == Flow::paused);
    }
  }
  bell_.ring();
}

void AmqpConsumer::wake() {
  woken_ = true;
  bell_.ring();
}

std::span<std::atomic<std::uint64_t>> AmqpConsumer::running() {
  if (board_ == nullptr) return {};
  return board_->running();
}

void AmqpConsumer::run() {
  while (!stopping_) {
    answered_->hear();
    if (link_ == nullptr && !connect()) {
      executor_.sleep_until(std::min(connect_not_before_, executor_.now() + kTick));
    }
    if (is_replaced()) lose_link("its queues are read no more");
    follow_orders();
    read_letters();
    if (!gathers()) {
      acknowledge();
      answers_.tell();
    }
    release_stopped();
    make_steps();
    if (link_ != nullptr) hear();
    if (link_ != nullptr && link_->is_dead()) lose_link("the connection to RabbitMQ was lost");
  }
  end();
}

// What is not settled goes back, and nobody died of it.
void AmqpConsumer::end() {
  read_letters();
  acknowledge();
  std::set<std::size_t> suspects;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& [slot, queue] : queues_) {
      take_marks_back(*queue);
      if (queue->suspects() != QueueSuspects{}) suspects.insert(queue->number());
    }
  }
  answers_.tell();
  const bool was_connected = link_ != nullptr && !link_->is_dead();
  link_ending_.holds(nullptr);
  link_.reset();
  link_ending_.has_ended();
  has_left_ = sharing_ != nullptr ? sharing_->leave(suspects) : was_connected;
}

bool AmqpConsumer::connect() {
  if (executor_.now() < connect_not_before_) return false;
  look_at_incoming_ = executor_.now() + kLookEvery;
  const auto incoming = spec_.incoming();
  Result<std::unique_ptr<Link>> opened = unavailable("");
  if (incoming) opened = Link::open(broker_->options(), spec_.queues.name, executor_, executor_.now() + kConnectWithin);
  if (opened) link_ending_.holds(opened->get());
  Result<void> ready = !incoming ? incoming.error() : opened ? begin(**opened, *incoming) : opened.error();
  if (!ready) {
    link_ending_.holds(nullptr);
    connect_not_before_ = executor_.now() + reopen_pause_;
    reopen_pause_ = std::min(2 * reopen_pause_, kReopenPauseMax);
    const std::lock_guard lock{mutex_};
    trouble_ = ready.error();
    bell_.ring();
    return false;
  }
  link_ = *std::move(opened);
  if (!is_refused_) reopen_pause_ = kReopenPause;
  begin_connection();
  const std::lock_guard lock{mutex_};
  trouble_.reset();
  if (std::exchange(was_connected_, true)) notices_.push_back({.kind = Notice::Kind::reconnected, .partitions = {}});
  bell_.ring();
  return true;
}

void AmqpConsumer::lose_link(const std::string& why) {
  if (is_refused_) {
    connect_not_before_ = executor_.now() + reopen_pause_;
    reopen_pause_ = std::min(2 * reopen_pause_, kReopenPauseMax);
  }
  link_ending_.holds(nullptr);
  link_.reset();
  if (sharing_ != nullptr) sharing_->disconnected();
  Notice notice{.kind = Notice::Kind::lost, .partitions = {}};
  const std::lock_guard lock{mutex_};
  hops_.clear();
  for (const auto& [slot, queue] : queues_) {
    take_marks_back(*queue);
    suspects_before_[queue->number()] = {.slot = queue->slot(), .suspects = queue->suspects()};
    notice.partitions.push_back(queue->id());
  }
  queues_.clear();
  if (!notice.partitions.empty()) notices_.push_back(std::move(notice));
  if (!trouble_) trouble_ = unavailable(why);
  bell_.ring();
}

void AmqpConsumer::hear() {
  const bool is_gathering = gathering_.until() != kNever;
  Time deadline = is_gathering ? gathering_.until() : executor_.now() + kTick;
  while (arrived_.size() < kHeardMax) {
    const auto frame = link_->next(deadline, is_gathering ? -1 : answered_->file());
    if (!frame || !*frame) break;
    take(**frame);
    deadline = Time{};  // and what is there already
  }
  take_in();
}

void AmqpConsumer::take(const amqp_frame_t& frame) {
  const auto found = arriving_.find(frame.channel);
  Message* arriving = found == arriving_.end() ? nullptr : found->second.get();
  if (frame.frame_type == AMQP_FRAME_METHOD) {
    take_method(frame);
  } else if (arriving != nullptr && frame.frame_type == AMQP_FRAME_HEADER) {
    const auto& properties = *static_cast<const amqp_basic_properties_t*>(frame.payload.properties.decoded);
    arriving->set_properties(properties, frame.payload.properties.body_size);
  } else if (arriving != nullptr && frame.frame_type == AMQP_FRAME_BODY) {
    arriving->append(view_of(frame.payload.body_fragment));
  }
  const bool has_properties = frame.frame_type != AMQP_FRAME_METHOD;
  if (arriving != nullptr && has_properties && arriving->is_complete()) arrive(frame.channel);
  link_->release(frame.channel);
}

void AmqpConsumer::take_method(const amqp_frame_t& frame) {
  switch (frame.payload.method.id) {
    case AMQP_BASIC_DELIVER_METHOD: {
      // What is on its way when a queue is given up comes still.
      if (frame.channel != kRequestChannel && !slots_.contains(frame.channel)) return;
      const auto& deliver = *static_cast<const amqp_basic_deliver_t*>(frame.payload.method.decoded);
      arriving_[frame.channel] = std::make_shared<Message>(deliver, spec_.subscription.topic);
      return;
    }
    case AMQP_BASIC_CANCEL_METHOD:  // the queue is gone: on a new connection it is made again
      link_->abandon();
      return;
    case AMQP_CHANNEL_CLOSE_METHOD:
    case AMQP_CONNECTION_CLOSE_METHOD: {
      const Error error = link_->closed(frame, fmt::format("consume queue '{}'", spec_.queues.name));
      const std::lock_guard lock{mutex_};
      trouble_ = error;
      link_->abandon();
      return;
    }
    default:
      return;
  }
}

void AmqpConsumer::arrive(Channel channel) {
  auto message = std::exchange(arriving_.at(channel), nullptr);
  if (channel == kRequestChannel) {
    message->finish();
    take_in();
    return answer(*message);
  }
  if (!message->says_topic()) message->set_topic(spec_.topics->of(message->routing_key(), spec_.name));
  message->finish();
  if (!message->says_slot() && !message->redelivered()) ++unkeyed_;
  arrived_.emplace_back(slots_.at(channel), std::move(message));
}

// What arrived goes to its queues, under one lock, and who waits is woken once.
void AmqpConsumer::take_in() {
  if (arrived_.empty()) return;
  {
    const std::lock_guard lock{mutex_};
    const Time now = executor_.now();
    for (auto& [slot, message] : arrived_) {
      OwnedQueue& queue = *queues_.at(slot);
      const std::uint64_t tag = message->tag();
      // Whoever had it notes what it tries.
      if (spec_.queues.competing && message->redelivered()) queue.learn(spec_.trials->of_queue(queue.number()));
      queue.arrive(std::move(message), now);
      for (const std::string& trial : queue.take_gone()) spec_.trials->erase(queue.number(), trial);
      if (queue.known(tag).suspect) suspect(queue, tag);
      if (!retry_step(queue.known(tag).not_before, now)) continue;
      queue.take_away(tag);
      hops_.push_back(queue.token_of(tag));
    }
  }
  arrived_.clear();
  bell_.ring();
}

// Of who wants to know what we have.
void AmqpConsumer::answer(const Message& question) {
  Holdings holdings;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& [slot, queue] : queues_) {
      holdings[spec_.queues.read.at(queue->number())] = {.count = queue->unsettled_count(), .oldest = queue->oldest()};
    }
  }
  if (spec_.queues.read.size() > 1) holdings[spec_.queues.read.front()].unkeyed = unkeyed_;
  if (auto reply = answer_to(question, holdings)) {
    std::vector<Outgoing> one;
    one.push_back(*std::move(reply));
    producer_->send(std::move(one));
  }
  (void)link_->ack(kRequestChannel, question.tag(), false);
}

// Under the lock. Who gives a queue up has no handler that runs.
void AmqpConsumer::take_marks_back(const OwnedQueue& queue) {
  for (const OwnedQueue::Known& known : queue.marked()) {
    if (known.attempts == transport::Attempts{}) {
      spec_.trials->erase(queue.number(), known.trial);
    } else {
      spec_.trials->put(queue.number(), known.trial, known.attempts, [](const Result<void>&) {});
    }
  }
}

bool AmqpConsumer::gathers() {
  std::size_t settled = 0;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& [slot, queue] : queues_) settled += queue->settled_count();
  }
  return gathering_.waits(settled, executor_.now());
}

void AmqpConsumer::acknowledge() {
  if (link_ == nullptr) return;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& [channel, slot] : slots_) {
      for (const OwnedQueue::Ack& ack : queues_.at(slot)->take_acks()) acks_.emplace_back(channel, ack);
    }
  }
  for (const auto& [channel, ack] : acks_) {
    (void)link_->ack(channel, ack.tag, ack.and_all_before);
    broker_->faults().at("after_acknowledgement");
  }
  acks_.clear();
}

}  // namespace tidings::rabbitmq
