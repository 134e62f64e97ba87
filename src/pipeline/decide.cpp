#include "pipeline/decide.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace tidings::pipeline {

namespace {

Verdict bury(const transport::Delivery& delivery, Reason reason, Error error) {
  transport::Attempts attempts = delivery.attempts;
  attempts.due.reset();
  error.message = bounded_text(std::move(error.message));
  transport::Bury outcome{
      .reason = std::string{to_string(reason)}, .error = error.message, .attempts = std::move(attempts)};
  return {.step = Step::buried, .reason = reason, .outcome = std::move(outcome), .error = std::move(error)};
}

Verdict skip(Reason reason) {
  return {.step = Step::skipped, .reason = reason, .outcome = transport::Skip{std::string{to_string(reason)}}};
}

// A uniform draw from [0, 1): the upper 53 bits, which a double holds exactly.
double unit(std::uint64_t random) {
  return static_cast<double>(random >> 11) * 0x1.0p-53;
}

}  // namespace

std::optional<Verdict> before_decode(const transport::Delivery& delivery, const Rules& rules) {
  if (delivery.attempts.crashes >= rules.crash_attempts_max) {
    return bury(
        delivery, Reason::crashed,
        corrupt(fmt::format("the process died {} times while it handled this event alone; see the service's logs and "
                            "core dumps, mend the handler, then replay",
                            delivery.attempts.crashes)));
  }
  if (const std::size_t size = transport::size_of(delivery.record); size > rules.record_bytes_max) {
    return bury(
        delivery, Reason::too_large,
        invalid(fmt::format("the record has {} bytes, the limit is {}; publish a reference instead, or raise the "
                            "limit",
                            size, rules.record_bytes_max)));
  }
  return std::nullopt;
}

Verdict undecodable(const transport::Delivery& delivery, const Error& error) {
  return bury(delivery, Reason::undecodable, error);
}

Verdict unhandled(const transport::Delivery& delivery, std::string_view type, const Rules& rules) {
  if (rules.unhandled == Unwanted::skip) return skip(Reason::unhandled);
  return bury(
      delivery, Reason::unhandled,
      unsupported(fmt::format("no handler for the type '{}' in this subscription; add one, then replay", type)));
}

Verdict without_id(const transport::Delivery& delivery) {
  return bury(delivery, Reason::no_id,
              invalid("the event has no id, and this subscription requires one; its producer must set it"));
}

Verdict filtered() {
  return skip(Reason::filtered);
}

Verdict duplicate() {
  return skip(Reason::duplicate);
}

Verdict conflicting(const transport::Delivery& delivery, std::string_view event_id) {
  return bury(
      delivery, Reason::conflict,
      conflict(fmt::format("an event with the id '{}' was handled before with other data; its producer used one id "
                           "twice",
                           event_id)));
}

Verdict after_failure(const transport::Delivery& delivery, const Failure& failure, const RetryPolicy& policy,
                      const Rules& rules, Time now, std::uint64_t random) {
  transport::Delivery charged{.position = delivery.position, .attempts = delivery.attempts};
  transport::Attempts& attempts = charged.attempts;
  ++attempts.failed;
  if (!attempts.first_failed) attempts.first_failed = now;
  attempts.last_error = bounded_text(failure.error.message);

  const bool hopeless = std::ranges::find(policy.give_up_on, failure.error.kind) != policy.give_up_on.end();
  if (hopeless && !failure.timed_out) return bury(charged, Reason::rejected, failure.error);
  if (attempts.failed >= policy.attempts_max) {
    return bury(charged, failure.timed_out ? Reason::timed_out : Reason::failed, failure.error);
  }

  const Duration delay = backoff(policy, attempts.failed, random);
  attempts.due = now + delay;
  transport::Retry retry{.order = rules.order, .attempts = attempts};
  if (retry.order == RetryOrder::strict && rules.strict_hold_max && delay > *rules.strict_hold_max) {
    retry.order = RetryOrder::relaxed;
    return {.step = Step::relaxed_hold, .reason = Reason::failed, .outcome = std::move(retry), .error = failure.error};
  }
  return {.step = Step::retrying, .reason = Reason::failed, .outcome = std::move(retry), .error = failure.error};
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

std::string bounded_text(std::string text) {
  if (text.size() <= transport::kErrorTextMax) return text;
  std::size_t end = transport::kErrorTextMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0u) == 0x80u) --end;  // not inside a character
  text.resize(end);
  return text;
}

}  // namespace tidings::pipeline
