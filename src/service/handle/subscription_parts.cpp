#include "service/handle/subscription_parts.hpp"

#include "base/flaw.hpp"

namespace tidings::service {

namespace {

pipeline::LaneLimits limits_of(const SubscriptionPlan& plan) {
  // One thread that handles many after another takes from many lanes at once.
  const bool one_thread = plan.inbox || plan.has_batches();
  return {.concurrency = one_thread ? plan.spec.in_flight_max : plan.concurrency,
          .held_max = held_max(plan),
          .held_unit_bytes = std::max<std::size_t>(plan.spec.in_flight_bytes_max / plan.spec.in_flight_max, 1)};
}

}  // namespace

SubscriptionParts::SubscriptionParts(std::shared_ptr<Engine> engine_, SubscriptionPlan plan_,
                                     std::unique_ptr<transport::Consumer> consumer_)
    : engine{std::move(engine_)},
      plan{std::move(plan_)},
      name{plan.spec.group + " " + plan.name()},
      consumer{std::move(consumer_)},
      announcer{engine->options.name, plan, engine->options.observers, *engine->executor},
      health{name, engine->options.on_trouble},
      decoder{plan, engine->encoder.codecs(), engine->transport->capabilities()},
      board{consumer->running()},
      queue{*engine->executor, limits_of(plan)},
      settler{engine->executor, *consumer, plan, announcer, health, blanks} {}

// Settlements first: the next of the key must not be settled before this one.
void SubscriptionParts::end(Handled one) {
  const Ending ending = ending_of(one);
  if (one.settling) settler.add(std::move(one.settling));
  end_in_queue({&ending, 1});
}

void SubscriptionParts::end(std::vector<Handled> handled) {
  std::vector<Ending> endings;
  std::vector<SettlingPtr> settlings;
  endings.reserve(handled.size());
  settlings.reserve(handled.size());
  for (Handled& one : handled) {
    endings.push_back(ending_of(one));
    if (one.settling) settlings.push_back(std::move(one.settling));
  }
  settler.add(std::move(settlings));
  end_in_queue(endings);
}

void SubscriptionParts::end_in_queue(std::span<const Ending> endings) {
  release(queue.end(endings));
  if (queue.has_flow_changes()) wake_receiver();
}

// Gives its settling the delivery, too.
Ending SubscriptionParts::ending_of(Handled& one) {
  Ending ending{
      .ticket = one.taken.ticket, .kind = one.gone ? Ending::Kind::gone : Ending::Kind::put_back, .spoils = one.spoils};
  if (!one.settling) return ending;
  Settling& settling = *one.settling;
  const bool hold = holds(settling.verdict);
  ending.kind = hold ? Ending::Kind::hold : Ending::Kind::done;
  if (hold) {
    ending.attempts = std::get<transport::Retry>(settling.verdict.outcome).attempts;
    settling.delivery = *one.taken.delivery;
  } else {
    settling.delivery = std::move(*one.taken.delivery);
  }
  if (settling.confirms && flawed(Flaw::confirmed_before_sent))
    plan.inbox->confirmed(plan.spec.group, settling.envelope.id, settling.delivery.replay_id);
  return ending;
}

void SubscriptionParts::release(std::vector<transport::Delivery> deliveries) {
  if (deliveries.empty()) return;
  if (plan.inbox) ahead.drop(deliveries);
  settler.release(std::move(deliveries));
}

void SubscriptionParts::wake_receiver() {
  const std::lock_guard lock{consumer_mutex};
  if (consumer) consumer->wake();
}

void SubscriptionParts::close_consumer() {
  board.close();
  std::unique_ptr<transport::Consumer> leaving;
  {
    const std::lock_guard lock{consumer_mutex};
    leaving = std::move(consumer);
  }
}

}  // namespace tidings::service
