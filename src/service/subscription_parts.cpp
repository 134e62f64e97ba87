#include "service/subscription_parts.hpp"

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
      settler{engine->executor, *consumer, plan, announcer, health} {}

void SubscriptionParts::end(Handled one) {
  std::vector<Handled> handled;
  handled.push_back(std::move(one));
  end(std::move(handled));
}

void SubscriptionParts::end(std::vector<Handled> handled) {
  std::vector<Ending> endings;
  std::vector<Settling> settlings;
  endings.reserve(handled.size());
  settlings.reserve(handled.size());
  for (Handled& outcome : handled) {
    Ending ending{.ticket = outcome.taken.ticket,
                  .kind = outcome.gone ? Ending::Kind::gone : Ending::Kind::put_back,
                  .spoils = outcome.spoils};
    if (outcome.settling) {
      Settling& settling = *outcome.settling;
      const bool hold = holds(settling.verdict);
      ending.kind = hold ? Ending::Kind::hold : Ending::Kind::done;
      if (hold) ending.attempts = std::get<transport::Retry>(settling.verdict.outcome).attempts;
      settling.delivery = hold ? *outcome.taken.delivery : std::move(*outcome.taken.delivery);
      if (settling.confirms && flawed(Flaw::confirmed_before_sent))
        plan.inbox->confirmed(plan.spec.group, settling.envelope.id, settling.delivery.replay_id);
      settlings.push_back(std::move(settling));
    }
    endings.push_back(std::move(ending));
  }
  // Settlements first: the next of the key must not be settled before this one.
  settler.add(std::move(settlings));
  release(queue.end(endings));
  if (queue.has_flow_changes()) wake_receiver();
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
