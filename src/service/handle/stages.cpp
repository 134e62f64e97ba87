#include "service/handle/stages.hpp"

#include <fmt/format.h>

#include "transport/event_record.hpp"

namespace tidings::service {

namespace {

// False: it is not ours any more.
bool mark(SubscriptionParts& parts, const transport::Delivery& delivery) {
  if (parts.decoder.before(delivery)) return true;  // it does not run
  const bool marked = parts.settler.mark(delivery);
  parts.announcer.announce(marked ? Step::marked : Step::refused, delivery, transport::envelope_of(delivery.record));
  return marked;
}

bool failed(const RunResult& result, const HandlerPlan& handler) {
  return !result.outcome || (result.timed_out && handler.on_timeout == OnTimeout::fail);
}

Error failure_of(const RunResult& result, const HandlerPlan& handler) {
  if (!result.outcome) return result.outcome.error();
  return unavailable(fmt::format("the handler {} took {} ms, its timeout is {} ms; what it published is dropped",
                                 handler.label, result.took.count() / 1'000, handler.timeout.count() / 1'000));
}

pipeline::Verdict verdict_of_failure(const SubscriptionParts& parts, const transport::Delivery& delivery,
                                     const Decoded& decoded, const RunResult& result) {
  const HandlerPlan& handler = *decoded.handler;
  const pipeline::Failure failure{.error = failure_of(result, handler),
                                  .timed_out = result.timed_out && handler.on_timeout == OnTimeout::fail};
  Executor& executor = *parts.engine->executor;
  return pipeline::after_failure(delivery, failure, handler.retry, parts.plan.rules, executor.now(), executor.random());
}

}  // namespace

bool prepare(SubscriptionParts& parts, const transport::Delivery& delivery, Decoded& into) {
  if (delivery.suspect && !mark(parts, delivery)) return false;
  parts.decoder.decode(delivery, into);
  return true;
}

std::optional<Decoded> prepare(SubscriptionParts& parts, const transport::Delivery& delivery) {
  Decoded decoded;
  if (!prepare(parts, delivery, decoded)) return std::nullopt;
  return decoded;
}

SettlingPtr settling_of(SubscriptionParts& parts, const transport::Delivery& delivery, Decoded& decoded,
                        RunResult& result) {
  SettlingPtr settling = parts.blanks.take();
  if (failed(result, *decoded.handler)) {
    settling->verdict = verdict_of_failure(parts, delivery, decoded, result);
  } else if (decoded.no_id) {
    settling->verdict.reason = Reason::no_id;
  }
  settling->attempt = delivery.attempts.failed + 1;
  settling->took = result.took;
  if (settling->verdict.step == Step::accepted || flawed(Flaw::outputs_of_failure))
    settling->publishes = std::move(result.outputs);
  exchange(settling->envelope, decoded.envelope);
  return settling;
}

SettlingPtr settling_of(SubscriptionParts& parts, const transport::Delivery& delivery, Decoded& decoded) {
  SettlingPtr settling = parts.blanks.take();
  settling->attempt = delivery.attempts.failed;
  settling->verdict = std::move(*decoded.verdict);
  exchange(settling->envelope, decoded.envelope);
  return settling;
}

}  // namespace tidings::service
