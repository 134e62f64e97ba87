// What a consumer needs on the server, made before it begins, and again on each connection.
#include <utility>

#include "transport/rabbitmq/catalog/rabbitmq_catalog.hpp"
#include "transport/rabbitmq/consume/amqp_consumer.hpp"
#include "transport/rabbitmq/format/amqp_names.hpp"
#include "transport/rabbitmq/link/rabbitmq_limits.hpp"

namespace tidings::rabbitmq {

namespace {

// A server that is killed within seconds of a queue's making may have it no more, and not say so: what is needed is
// made now, not when the first event dies.
Result<void> declare_on(Link& link, Channel channel, const ConsumerSpec& spec, const SubscriptionQueues& incoming) {
  if (incoming.name != spec.queues.name) {
    if (auto done = declare_queues(link, channel, spec.queues, {}); !done) return done;
    if (auto done = declare_retries(link, channel, incoming, kRetrySteps.front()); !done) return done;
  }
  if (auto done = declare_queues(link, channel, incoming, spec.bindings); !done) return done;
  if (auto done = declare_retries(link, channel, spec.queues, kRetrySteps.front()); !done) return done;
  return declare_dead_letters(link, channel, spec.queues);
}

}  // namespace

Result<void> AmqpConsumer::declare_needed(Broker& broker, const ConsumerSpec& spec) {
  const auto incoming = spec.incoming();
  if (!incoming) return incoming.error();
  return broker.ask([&](Link& link, Channel channel) { return declare_on(link, channel, spec, *incoming); });
}

// What it needs is made again: the server may have lost it.
Result<void> AmqpConsumer::begin(Link& link, const SubscriptionQueues& incoming) {
  slots_.clear();
  arriving_.clear();
  steps_.forget();
  if (auto done = link.open_channel(kRequestChannel); !done) return done;
  if (auto done = declare_on(link, kRequestChannel, spec_, incoming); !done) return done;
  const std::string presence = member_queue(spec_.queues, spec_.subscription.instance);
  if (auto done = link.declare(kRequestChannel, QueueSpec{.name = presence, .transient = true}); !done) {
    return done.error();
  }
  return link.consume(kRequestChannel, presence, {.tag = "questions", .exclusive = true});
}

// An operator has changed the number of our queues, and saw nobody read them: we came meanwhile, or were cut off.
bool AmqpConsumer::is_replaced() {
  if (link_ == nullptr || executor_.now() < look_at_incoming_) return false;
  look_at_incoming_ = executor_.now() + kLookEvery;
  const auto incoming = spec_.incoming();
  if (incoming) return false;
  const std::lock_guard lock{mutex_};
  trouble_ = incoming.error();
  return true;
}

// Those that retries wanted. One that cannot be made is wanted again by the next retry.
void AmqpConsumer::make_steps() {
  if (link_ == nullptr || link_->is_dead()) return;
  for (const auto step : steps_.take_wanted()) {
    if (auto made = make_step(step); !made) {
      const std::lock_guard lock{mutex_};
      trouble_ = made.error();
      bell_.ring();
    }
  }
}

Result<void> AmqpConsumer::make_step(std::chrono::milliseconds step) {
  if (auto opened = link_->open_channel(kStepsChannel); !opened) return opened;
  const auto there = link_->look_at_queue(kStepsChannel, retries_of(spec_.queues.name, step.count()));
  Result<void> done = there ? Result<void>{} : there.error();
  if (!there && there.error().kind == ErrorKind::invalid) {
    done = link_->open_channel(kStepsChannel);  // who refuses closes it
    if (done) done = declare_retries(*link_, kStepsChannel, spec_.queues, step);
  }
  if (done) steps_.made(step, there ? std::nullopt : std::optional{executor_.now()});
  link_->close_channel(kStepsChannel);
  return done;
}

}  // namespace tidings::rabbitmq
