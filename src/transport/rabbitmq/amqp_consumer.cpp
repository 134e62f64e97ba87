#include "transport/rabbitmq/amqp_consumer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "transport/delivery_token.hpp"
#include "transport/rabbitmq/amqp_holdings.hpp"
#include "transport/rabbitmq/amqp_retry_ladder.hpp"
#include "transport/rabbitmq/rabbitmq_limits.hpp"

namespace tidings::rabbitmq {

using transport::Batch;
using transport::Notice;

namespace {

constexpr Channel kFirstChannel = 2;  // of its first queue
constexpr Duration kTick = std::chrono::milliseconds{100};

}  // namespace

Result<std::unique_ptr<transport::Consumer>> AmqpConsumer::join(std::shared_ptr<Broker> broker,
                                                                std::shared_ptr<Producer> producer, ConsumerSpec spec) {
  auto declared = broker->ask([&](Link& link, Channel channel) {
    auto done = declare_queues(link, channel, spec.queues, spec.bindings);
    // A server that is killed within seconds of a queue's making may have it no more, and not say so: it is made now,
    // not when the first event dies.
    return done ? declare_dead_letters(link, channel, spec.queues) : done;
  });
  if (!declared) return declared.error();
  std::unique_ptr<AmqpConsumer> consumer{new AmqpConsumer{std::move(broker), std::move(producer), std::move(spec)}};
  consumer->thread_ = consumer->executor_.spawn("amqp-consume", [self = consumer.get()] { self->run(); });
  return std::unique_ptr<transport::Consumer>{std::move(consumer)};
}

AmqpConsumer::AmqpConsumer(std::shared_ptr<Broker> broker, std::shared_ptr<Producer> producer, ConsumerSpec spec)
    : broker_{std::move(broker)},
      producer_{std::move(producer)},
      spec_{std::move(spec)},
      executor_{broker_->executor()},
      bell_{executor_},
      reopen_pause_{kReopenPause} {}

AmqpConsumer::~AmqpConsumer() {
  stopping_ = true;
  answered_->wake();
  thread_.reset();
  if (spec_.left) spec_.left();
}

Result<Batch> AmqpConsumer::receive(std::size_t max, Time deadline) {
  while (true) {
    const std::uint64_t heard = bell_.rings();
    Batch batch;
    Time until = deadline;
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
      if (!is_empty || woken_.exchange(false) || executor_.now() >= deadline) return batch;
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

void AmqpConsumer::run() {
  while (!stopping_) {
    answered_->hear();
    if (link_ == nullptr && !connect()) {
      executor_.sleep_until(std::min(connect_not_before_, executor_.now() + kTick));
    }
    read_letters();
    acknowledge();
    answers_.tell();
    if (link_ != nullptr) hear();
    if (link_ != nullptr && link_->is_dead()) lose_link("the connection to RabbitMQ was lost");
  }
  read_letters();
  acknowledge();
  take_marks_back();
  answers_.tell();
  link_.reset();  // gives back what is not settled
}

bool AmqpConsumer::connect() {
  if (executor_.now() < connect_not_before_) return false;
  auto opened = Link::open(broker_->options(), spec_.queues.name, executor_, executor_.now() + kConnectWithin);
  Result<void> ready = opened ? begin(**opened) : opened.error();
  if (!ready) {
    connect_not_before_ = executor_.now() + reopen_pause_;
    reopen_pause_ = std::min(2 * reopen_pause_, kReopenPauseMax);
    const std::lock_guard lock{mutex_};
    trouble_ = ready.error();
    bell_.ring();
    return false;
  }
  link_ = *std::move(opened);
  reopen_pause_ = kReopenPause;
  const std::lock_guard lock{mutex_};
  trouble_.reset();
  if (std::exchange(was_connected_, true)) notices_.push_back({.kind = Notice::Kind::reconnected, .partitions = {}});
  bell_.ring();
  return true;
}

// What it needs is made again: the server may have lost it.
Result<void> AmqpConsumer::begin(Link& link) {
  slots_.clear();
  arriving_.clear();
  ready_queues_.clear();
  if (auto done = link.open_channel(kRequestChannel); !done) return done;
  if (auto done = declare_queues(link, kRequestChannel, spec_.queues, spec_.bindings); !done) return done;
  if (auto done = link.declare(kRequestChannel, QueueSpec{.name = spec_.presence, .exclusive = true}); !done) {
    return done.error();
  }
  if (auto done = link.consume(kRequestChannel, spec_.presence, "questions", 0); !done) return done;
  Channel channel = kFirstChannel;
  for (const std::string& queue : spec_.queues.read) {
    if (auto done = link.open_channel(channel); !done) return done;
    const auto prefetch = static_cast<std::uint16_t>(broker_->options().prefetch);
    if (auto done = link.consume(channel, queue, spec_.subscription.instance, prefetch); !done) return done;
    ++channel;
  }
  return {};
}

void AmqpConsumer::lose_link(const std::string& why) {
  link_.reset();
  Notice notice{.kind = Notice::Kind::lost, .partitions = {}};
  const std::lock_guard lock{mutex_};
  if (!queues_.empty()) ours_before_.clear();
  hops_.clear();
  for (const auto& [slot, queue] : queues_) {
    for (std::string& key : queue->keys()) ours_before_.insert(std::move(key));
    notice.partitions.push_back(queue->id());
  }
  queues_.clear();
  if (!notice.partitions.empty()) notices_.push_back(std::move(notice));
  if (!trouble_) trouble_ = unavailable(why);
  bell_.ring();
}

void AmqpConsumer::hear() {
  Time deadline = executor_.now() + kTick;
  while (true) {
    const auto frame = link_->next(deadline, answered_->file());
    if (!frame || !*frame) return;
    take(**frame);
    deadline = executor_.now();  // and what is there already
  }
}

void AmqpConsumer::take(const amqp_frame_t& frame) {
  const auto arriving = arriving_.find(frame.channel);
  if (frame.frame_type == AMQP_FRAME_METHOD) {
    take_method(frame);
  } else if (arriving != arriving_.end() && frame.frame_type == AMQP_FRAME_HEADER) {
    const auto& properties = *static_cast<const amqp_basic_properties_t*>(frame.payload.properties.decoded);
    arriving->second->set_properties(properties, frame.payload.properties.body_size);
  } else if (arriving != arriving_.end() && frame.frame_type == AMQP_FRAME_BODY) {
    arriving->second->append(view_of(frame.payload.body_fragment));
  }
  const bool has_properties = frame.frame_type != AMQP_FRAME_METHOD;
  if (arriving != arriving_.end() && has_properties && arriving->second->is_complete()) arrive(frame.channel);
  link_->release(frame.channel);
}

void AmqpConsumer::take_method(const amqp_frame_t& frame) {
  switch (frame.payload.method.id) {
    case AMQP_BASIC_DELIVER_METHOD: {
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

// Under the lock. A queue is ours from its first message on: until then another process may be its active consumer.
OwnedQueue& AmqpConsumer::queue_of(Channel channel) {
  const auto known = slots_.find(channel);
  if (known != slots_.end()) return *queues_.at(known->second);
  const std::uint64_t slot = next_slot_++;
  slots_.emplace(channel, slot);
  const transport::PartitionId id{spec_.name, static_cast<std::int32_t>(channel - kFirstChannel)};
  auto& queue = queues_.emplace(slot, std::make_unique<OwnedQueue>(id, slot)).first->second;
  queue->set_paused(paused_.contains(id));
  notices_.push_back({.kind = Notice::Kind::assigned, .partitions = {id}});
  return *queue;
}

void AmqpConsumer::arrive(Channel channel) {
  const auto message = std::move(arriving_.at(channel));
  arriving_.erase(channel);
  message->finish();
  if (channel == kRequestChannel) return answer(*message);
  OwnedQueue::Known known;
  if (const auto& copy = message->copy()) {
    known.attempts = copy->attempts;
    known.replays = copy->replays;
    known.replay_id = copy->replay_id;
    if (copy->attempts.due.value_or(Time{}) > executor_.now()) known.not_before = copy->attempts.due;
  }
  // Whose it was says so before we have it.
  if (!slots_.contains(channel) && !learn_trials()) return link_->abandon();
  const std::string trial = Trials::key_of(*message);
  if (const auto tried = trials_.find(trial); tried != trials_.end()) {
    if (tried->second.failed >= known.attempts.failed) {
      known.attempts = tried->second;
      known.not_before.reset();  // it waits with who has it
    }
    known.trial = trial;
    trials_.erase(tried);
  }
  const bool is_ours = ours_before_.erase(trial) > 0;
  known.suspect = message->redelivered() && !is_ours;
  const std::lock_guard lock{mutex_};
  OwnedQueue& queue = queue_of(channel);
  const std::uint64_t tag = message->tag();
  queue.arrive(message, std::move(known));
  if (retry_step(queue.known(tag).not_before, executor_.now())) {
    queue.take_away(tag);
    hops_.push_back(transport::token_of(queue.slot(), tag));
  } else {
    bell_.ring();
  }
}

// Of who wants to know what we have.
void AmqpConsumer::answer(const Message& question) {
  Holdings holdings;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& [channel, slot] : slots_) {
      holdings[spec_.queues.read.at(static_cast<std::size_t>(channel - kFirstChannel))] =
          queues_.at(slot)->unsettled_count();
    }
  }
  acknowledge();  // what is settled is gone from the queue when that is heard
  (void)answer_holdings(*link_, kRequestChannel, question, holdings);
  (void)link_->ack(kRequestChannel, question.tag(), false);
}

bool AmqpConsumer::learn_trials() {
  auto all = spec_.trials->all();
  if (all) {
    trials_ = *std::move(all);
    return true;
  }
  const std::lock_guard lock{mutex_};
  trouble_ = all.error();
  return false;
}

// Who leaves has no handler that runs.
void AmqpConsumer::take_marks_back() {
  const std::lock_guard lock{mutex_};
  for (const auto& [slot, queue] : queues_) {
    for (const OwnedQueue::Known& known : queue->all_known()) {
      if (!known.marked) continue;
      if (known.attempts == transport::Attempts{}) {
        spec_.trials->erase(known.trial);
      } else {
        spec_.trials->put(known.trial, known.attempts, [](const Result<void>&) {});
      }
    }
  }
}

void AmqpConsumer::acknowledge() {
  if (link_ == nullptr) return;
  const std::lock_guard lock{mutex_};
  for (const auto& [channel, slot] : slots_) {
    for (const OwnedQueue::Ack& ack : queues_.at(slot)->take_acks()) {
      (void)link_->ack(channel, ack.tag, ack.and_all_before);
    }
  }
}

}  // namespace tidings::rabbitmq
