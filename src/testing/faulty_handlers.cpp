#include "testing/faulty_handlers.hpp"

namespace tidings::testing {

// A contract that is not in order has no plan, and does not start either.
void FaultyHandlers::wrap_all(Contract& contract, const service::PlanDefaults& defaults) {
  const auto plans = service::make_plan(contract, defaults);
  if (!plans) return;
  for (const service::SubscriptionPlan& plan : *plans) {
    for (const service::HandlerPlan& handler : plan.handlers) {
      facts_.push_back({.group = plan.spec.group,
                        .subscription = plan.name(),
                        .label = handler.label,
                        .in_transaction = plan.inbox != nullptr,
                        .batch = handler.batch.has_value()});
    }
  }
  contract.wrap([self = shared_from_this()](HandlerFunction inner) { return self->wrap(std::move(inner)); });
}

// Each time that a plan is made its handlers are wrapped in its order: at the start, and whenever it is described.
HandlerFunction FaultyHandlers::wrap(HandlerFunction inner) {
  const HandlerFacts& facts = facts_[wrapped_++ % facts_.size()];
  return [self = shared_from_this(), &facts, inner = std::move(inner)](const void* data, Context& context) {
    const std::shared_ptr<FaultRound> round = self->round_;
    return round ? round->run(facts, inner, data, context) : inner(data, context);
  };
}

}  // namespace tidings::testing
