#include "pipeline/decide.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/flaw.hpp"
#include "tidings/type_name.hpp"
#include "transport/bounded_text.hpp"

namespace tidings::pipeline {

namespace {

// A uniform draw from [0, 1): the upper 53 bits, which a double holds exactly.
double unit(std::uint64_t random) {
  return static_cast<double>(random >> 11) * 0x1.0p-53;
}

}  // namespace

Verdict bury(transport::Attempts attempts, Reason reason, Error error) {
  attempts.due.reset();
  error.message = transport::bounded_text(std::move(error.message));
  transport::Bury outcome{
      .reason = std::string{to_string(reason)}, .error = error.message, .attempts = std::move(attempts)};
  return {.step = Step::buried, .reason = reason, .outcome = std::move(outcome), .error = std::move(error)};
}

Verdict skip(Reason reason) {
  return {.step = Step::skipped, .reason = reason, .outcome = transport::Skip{std::string{to_string(reason)}}};
}

std::optional<Verdict> before_decode(const transport::Delivery& delivery, const Rules& rules) {
  if (delivery.attempts.crashes >= rules.crash_attempts_max + (flawed(Flaw::crash_limit_late) ? 1 : 0)) {
    return bury(
        delivery.attempts, Reason::crashed,
        corrupt(fmt::format("the process died {} times while it handled this event alone; see the service's logs and "
                            "core dumps, mend the handler, then replay",
                            delivery.attempts.crashes)));
  }
  if (const std::size_t size = transport::size_of(delivery.record); size > rules.record_bytes_max) {
    return bury(
        delivery.attempts, Reason::too_large,
        invalid(fmt::format("the record has {} bytes, events have at most {} here; its producer should publish a "
                            "reference to the data instead",
                            size, rules.record_bytes_max)));
  }
  return std::nullopt;
}

Verdict undecodable(const transport::Delivery& delivery, const Error& error) {
  return bury(delivery.attempts, Reason::undecodable, error);
}

Verdict unhandled(const transport::Delivery& delivery, std::string_view type, const Rules& rules) {
  if (rules.unhandled == Unwanted::skip) return skip(Reason::unhandled);
  return bury(
      delivery.attempts, Reason::unhandled,
      unsupported(fmt::format("no handler for the type '{}' in this subscription; add one, then replay", type)));
}

Verdict without_id(const transport::Delivery& delivery) {
  return bury(delivery.attempts, Reason::no_id,
              invalid("the event has no id, and this subscription requires one; its producer must set it"));
}

Verdict filtered() {
  return skip(Reason::filtered);
}

bool reads(std::string_view pattern, std::string_view type) {
  return pattern.empty() || pattern == "#" || pattern_matches(pattern, dotted_type(type));
}

Verdict duplicate() {
  return skip(Reason::duplicate);
}

Verdict conflicting(const transport::Delivery& delivery, std::string_view event_id) {
  return bury(
      delivery.attempts, Reason::conflict,
      conflict(fmt::format("an event with the id '{}' was handled before with other data; its producer used one id "
                           "twice",
                           event_id)));
}

transport::Attempts charged(transport::Attempts attempts, const Error& error, Time now) {
  if (!flawed(Flaw::attempt_forgotten)) ++attempts.failed;
  if (!attempts.first_failed) attempts.first_failed = now;
  attempts.last_error = transport::bounded_text(error.message);
  return attempts;
}

Verdict retry(transport::Attempts charged, const Error& error, Time due, const Rules& rules, Time now) {
  charged.due = due;
  const RetryOrder order = flawed(Flaw::relaxed_retry_holds) ? RetryOrder::strict : rules.order;
  const bool too_long =
      rules.order == RetryOrder::strict && rules.strict_hold_max && due - now > *rules.strict_hold_max;
  return {.step = too_long ? Step::relaxed_hold : Step::retrying,
          .reason = Reason::failed,
          .outcome = transport::Retry{.order = too_long ? RetryOrder::relaxed : order, .attempts = std::move(charged)},
          .error = error};
}

Verdict after_failure(const transport::Delivery& delivery, const Failure& failure, const RetryPolicy& policy,
                      const Rules& rules, Time now, std::uint64_t random) {
  transport::Attempts attempts = charged(delivery.attempts, failure.error, now);
  const bool hopeless = std::ranges::find(policy.give_up_on, failure.error.kind) != policy.give_up_on.end();
  if (hopeless && !failure.timed_out && !flawed(Flaw::hopeless_retried))
    return bury(std::move(attempts), Reason::rejected, failure.error);
  if (attempts.failed >= policy.attempts_max + (flawed(Flaw::attempts_one_more) ? 1 : 0))
    return bury(std::move(attempts), failure.timed_out ? Reason::timed_out : Reason::failed, failure.error);
  const Time due = flawed(Flaw::retry_early) ? now : now + backoff(policy, attempts.failed, random);
  return retry(std::move(attempts), failure.error, due, rules, now);
}

Duration backoff(const RetryPolicy& policy, int failed, std::uint64_t random) {
  const auto most = static_cast<double>(policy.delay_max.count());
  double delay = static_cast<double>(policy.delay_first.count()) * std::pow(policy.factor, std::max(failed - 1, 0));
  delay = std::min(delay, most);  // an overflow to infinity ends here, too
  delay *= 1.0 + policy.jitter * (2.0 * unit(random) - 1.0);
  return Duration{static_cast<Duration::rep>(std::llround(delay))};
}

transport::Mark mark(const transport::Delivery& delivery) {
  return {.crashes = delivery.attempts.crashes + 1};
}

}  // namespace tidings::pipeline
