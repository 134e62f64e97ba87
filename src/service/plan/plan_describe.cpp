#include <fmt/format.h>
#include <fmt/ranges.h>

#include "service/plan/plan.hpp"

namespace tidings::service {

namespace {

std::string text_of(Duration duration) {
  if (duration % std::chrono::seconds{1} == Duration::zero()) return fmt::format("{} s", duration.count() / 1'000'000);
  if (duration % std::chrono::milliseconds{1} == Duration::zero())
    return fmt::format("{} ms", duration.count() / 1'000);
  return fmt::format("{} us", duration.count());
}

std::string_view text_of(Unwanted unwanted) {
  return unwanted == Unwanted::skip ? "skip" : "dead letter";
}

std::string_view text_of(transport::StartAt at) {
  switch (at) {
    case transport::StartAt::beginning:
      return "beginning";
    case transport::StartAt::end:
      return "end";
    case transport::StartAt::time:
      return "a time";
  }
  return "beginning";
}

std::string text_of(const HandlerPlan& handler) {
  const RetryPolicy& retry = handler.retry;
  std::string text = fmt::format("{}: retry {} x {} * {:g} to {}, timeout {} ({})", handler.label, retry.attempts_max,
                                 text_of(retry.delay_first), retry.factor, text_of(retry.delay_max),
                                 text_of(handler.timeout), handler.on_timeout == OnTimeout::fail ? "fail" : "report");
  if (handler.batch)
    text += fmt::format(", batches of {} within {}", handler.batch->size, text_of(handler.batch->wait));
  return text;
}

}  // namespace

std::string describe_plan(const SubscriptionPlan& plan) {
  const bool strict = plan.rules.order == RetryOrder::strict;
  std::vector<std::string> handlers;
  for (const HandlerPlan& handler : plan.handlers) handlers.push_back(text_of(handler));
  return fmt::format(
      "{} <- {}{}: settle | dead letter | quarantine (crashes {}, bytes {}) | decode (id required: {}, unhandled: {}) "
      "| "
      "retry ({}) | timeout | {}wraps | handler [{}]; concurrency {}, in flight {}, from {}{}",
      plan.spec.group, plan.spec.command ? "command " : "", plan.name(), plan.rules.crash_attempts_max,
      plan.rules.record_bytes_max, plan.rules.require_id == Unwanted::skip ? "no" : "yes",
      text_of(plan.rules.unhandled), strict ? "strict" : "relaxed", plan.inbox ? "inbox | " : "",
      fmt::join(handlers, "; "), plan.inbox || plan.has_batches() ? 1 : plan.concurrency, plan.spec.in_flight_max,
      text_of(plan.spec.start.at), plan.spec.sharing == transport::Sharing::broadcast ? ", broadcast" : "");
}

}  // namespace tidings::service
