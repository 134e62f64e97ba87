#include "service/handle/handler_runner.hpp"

#include <fmt/format.h>

#include "base/flaw.hpp"
#include "service/handle/handler_context.hpp"
#include "tidings/raw_json.hpp"

namespace tidings::service {

namespace {

Error threw(const std::exception& exception) {
  return unavailable(fmt::format("the handler threw: {}", exception.what()));
}
Error threw_unknown() {
  return unavailable("the handler threw something that is no std::exception");
}

Result<void> guarded(const HandlerPlan& handler, const void* data, Context& context) {
  try {
    return handler.run(data, context);
  } catch (const std::exception& exception) {
    return threw(exception);
  } catch (...) {
    return threw_unknown();
  }
}

Result<void> call(const HandlerPlan& handler, const transport::Delivery& delivery, const Decoded& decoded,
                  Context& context) {
  if (handler.type) return guarded(handler, decoded.data.get(), context);
  const AnyEvent event{decoded.envelope, static_cast<const RawJson*>(decoded.data.get())->text, delivery.record};
  return guarded(handler, &event, context);
}

// One result for each event of the batch, or what its handler or a wrap did wrong as a whole.
Result<void> call_batch(const HandlerPlan& handler, std::span<const HandlerRunner::BatchItem> items, Context& context,
                        std::vector<Result<void>>& outcomes) {
  std::vector<const Envelope*> envelopes;
  std::vector<const void*> data;
  envelopes.reserve(items.size());
  data.reserve(items.size());
  for (const HandlerRunner::BatchItem& item : items) {
    envelopes.push_back(&item.decoded->envelope);
    data.push_back(item.decoded->data.get());
  }
  std::optional<std::vector<Result<void>>> results;
  const BatchCall batch{envelopes, data, results};
  if (auto done = guarded(handler, &batch, context); !done) return done;
  outcomes = results ? *std::move(results) : std::vector<Result<void>>(items.size());
  if (outcomes.size() == items.size()) return {};
  return invalid(fmt::format("the batch handler {} gave {} results for {} events; it must give one each", handler.label,
                             outcomes.size(), items.size()));
}

}  // namespace

HandlerRunner::HandlerRunner(SubscriptionParts& parts)
    : parts_{parts}, watch_{parts.engine->timekeeper.watch([this] { late(); })} {}

void HandlerRunner::late() {
  parts_.announcer.announce(Step::timed_out, *current_.delivery, *current_.envelope);
  source().request_stop();
  if (flawed(Flaw::timeout_runs_again)) {
    transport::Delivery again = *current_.delivery;
    again.record.key.reset();  // a lane of its own
    parts_.queue.admit({std::move(again)});
  }
}

void HandlerRunner::request_stop() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  source().request_stop();
}

// A copy: what handlers hang on their tokens must not run under our lock.
std::stop_source HandlerRunner::source() {
  const std::lock_guard lock{mutex_};
  return stop_;
}

// A source that was used up is replaced; all others are used again. By this thread only: it need not lock to look.
const std::stop_token& HandlerRunner::fresh_token() {
  if (!token_.stop_requested()) return token_;
  const std::lock_guard lock{mutex_};
  if (!stopping_) {
    stop_ = std::stop_source{};
    token_ = stop_.get_token();
  }
  return token_;
}

template <class Body>
RunResult HandlerRunner::timed(const HandlerPlan& handler, Current current, Body body) {
  RunResult result;
  const Duration start = parts_.engine->executor->uptime();
  current_ = current;
  watch_->begin(start + handler.timeout);
  result.outcome = body(result);
  const Duration end = parts_.engine->executor->uptime();
  result.timed_out = watch_->end(end);
  result.took = end - start;
  return result;
}

RunResult HandlerRunner::run(const transport::Delivery& delivery, const Decoded& decoded,
                             InboxTransaction* transaction) {
  const RunScope scope{.delivery = delivery,
                       .envelope = decoded.envelope,
                       .subscription = parts_.name,
                       .transaction = transaction,
                       .stop = fresh_token()};
  const HandlerPlan& handler = *decoded.handler;
  Engine& engine = *parts_.engine;
  return timed(handler, {&delivery, &decoded.envelope}, [&](RunResult& result) {
    HandlerContext context{scope, engine.encoder, *engine.executor};
    auto outcome = call(handler, delivery, decoded, context);
    if (outcome || flawed(Flaw::outputs_of_failure)) result.outputs = context.take_outputs();
    return outcome;
  });
}

// False: it threw, or gave other than one result each; `results` has one failure then.
bool HandlerRunner::run_whole(const HandlerPlan& handler, std::span<const BatchItem> items,
                              std::vector<RunResult>& results) {
  std::vector<Result<void>> outcomes;
  const BatchItem& first = items.front();
  const RunScope scope{.delivery = *first.delivery,
                       .envelope = first.decoded->envelope,
                       .subscription = parts_.name,
                       .stop = fresh_token(),
                       .batch = items.size()};
  Engine& engine = *parts_.engine;
  RunResult whole = timed(handler, {first.delivery, &first.decoded->envelope}, [&](RunResult&) {
    HandlerContext context{scope, engine.encoder, *engine.executor};
    return call_batch(handler, items, context, outcomes);
  });
  if (!whole.outcome) {
    results.push_back(std::move(whole));
    return false;
  }
  for (Result<void>& outcome : outcomes)
    results.push_back({.outcome = std::move(outcome), .timed_out = whole.timed_out, .took = whole.took});
  return true;
}

std::vector<RunResult> HandlerRunner::run_batch(const HandlerPlan& handler, std::span<const BatchItem> items) {
  std::vector<RunResult> results;
  if (run_whole(handler, items, results) || items.size() == 1) return results;
  const std::size_t half = items.size() / 2;
  results = run_batch(handler, items.first(half));
  std::ranges::move(run_batch(handler, items.subspan(half)), std::back_inserter(results));
  return results;
}

}  // namespace tidings::service
