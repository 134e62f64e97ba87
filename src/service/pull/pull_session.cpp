#include "service/pull/pull_session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/countdown.hpp"
#include "service/lanes/flow.hpp"
#include "service/settle/health.hpp"
#include "transport/event_record.hpp"

namespace tidings::service {

namespace {

// Each pull brings one more in: nothing of what waits here is ours for longer than it must.
constexpr std::size_t kReceiveMax = 1;
constexpr Duration kPauseFirst = std::chrono::milliseconds{10};
constexpr Duration kPauseMost = std::chrono::milliseconds{500};

pipeline::LaneLimits limits_of(const SubscriptionPlan& plan) {
  return {.concurrency = plan.spec.running_max, .held_max = held_max(plan)};
}

// Runs so far, by what became of this one.
int attempts_after(const pipeline::Verdict& verdict, int before) {
  if (const auto* retry = std::get_if<transport::Retry>(&verdict.outcome)) return retry->attempts.failed;
  if (const auto* bury = std::get_if<transport::Bury>(&verdict.outcome)) return bury->attempts.failed;
  return verdict.step == Step::accepted ? before + 1 : before;
}

}  // namespace

Result<std::shared_ptr<PullSession>> PullSession::open(transport::Transport& transport, Executor& executor,
                                                       const transport::SubscriptionSpec& spec, PullerOptions options) {
  if (spec.running_max == 0)
    return invalid("SubscriptionSpec::running_max is 0: nothing could be pulled; set 1 or more");
  if (options.crash_attempts_max < 1) {
    return invalid(
        fmt::format("PullerOptions::crash_attempts_max is {}; it must be at least 1", options.crash_attempts_max));
  }
  if (options.service.empty()) options.service = spec.group;
  SubscriptionPlan plan{.spec = spec, .rules = {.crash_attempts_max = options.crash_attempts_max}};
  fit(plan, transport.capabilities());
  if (!options.publishes.empty()) {
    if (auto declared = transport.declare(declaration_of(options.publishes, {})); !declared) return declared.error();
  }
  auto consumer = transport.consumer(spec);
  if (!consumer) return consumer.error();
  return std::make_shared<PullSession>(transport, executor, std::move(plan), std::move(options), *std::move(consumer));
}

PullSession::PullSession(transport::Transport& transport, Executor& executor, SubscriptionPlan plan,
                         PullerOptions options, std::unique_ptr<transport::Consumer> consumer)
    : executor_{executor},
      plan_{std::move(plan)},
      options_{std::move(options)},
      name_{plan_.spec.group + " " + plan_.name()},
      consumer_{std::move(consumer)},
      encoder_{options_.service, options_.publishes, transport.capabilities()},
      reader_{encoder_.codecs(), transport.capabilities()},
      announcer_{options_.service, plan_, options_.observers, executor},
      board_{consumer_->running()},
      queue_{executor, limits_of(plan_)},
      slots_(plan_.spec.running_max) {}

Outputs PullSession::outputs(const Pulled& pulled) {
  return {{pulled.envelope, name_, pulled.delivery.replay_id, pulled.delivery.record.key}, encoder_, executor_};
}

pipeline::Rules PullSession::rules(RetryOrder order) const {
  pipeline::Rules rules = plan_.rules;
  rules.order = order;
  return rules;
}

Result<std::optional<Pulled>> PullSession::pull(Time deadline) {
  if (free_slot() == slots_.size()) {
    return overloaded(
        fmt::format("{} deliveries of this puller are unsettled; settle one, or raise SubscriptionSpec::running_max",
                    slots_.size()));
  }
  const Deadline end{executor_, deadline};
  Backoff backoff{kPauseFirst, kPauseMost};
  while (true) {
    auto received = receive(end.at());
    auto pulled = received ? take() : Result<std::optional<Pulled>>{received.error()};
    if (pulled && (*pulled || end.reached())) return pulled;
    if (pulled) continue;
    if (!can_be_tried_again(pulled.error()) || end.reached()) return pulled.error();
    executor_.sleep_until(std::min(end.at(), now() + backoff.next()));
  }
}

// Waits only when nothing can be taken. Before anything new comes, what is given back must be: it would come after it.
Result<void> PullSession::receive(Time deadline) {
  if (auto given = give_back(); !given) return given;
  apply_flow(queue_.flow_changes(), *consumer_, announcer_);
  auto batch = consumer_->receive(kReceiveMax, std::min(deadline, queue_.ready_at()));
  if (!batch) return batch.error();
  for (const transport::Notice& notice : batch->notices) heed(notice);
  give_back_later(queue_.admit(std::move(batch->deliveries)));
  return give_back();
}

void PullSession::heed(const transport::Notice& notice) {
  switch (notice.kind) {
    case transport::Notice::Kind::assigned:
      return queue_.regain(notice.partitions);
    case transport::Notice::Kind::revoking:
      return give_back_later(queue_.give_up(notice.partitions));
    case transport::Notice::Kind::lost:
      queue_.lose(notice.partitions);
      return;
    case transport::Notice::Kind::expired:
      return;  // Topology::lag() counts them
    case transport::Notice::Kind::reconnected:
      return;  // what is not ours any more came as lost
  }
}

void PullSession::give_back_later(std::vector<transport::Delivery> deliveries) {
  std::ranges::move(deliveries, std::back_inserter(releases_));
}

// What cannot be given back now stays, in order.
Result<void> PullSession::give_back() {
  if (releases_.empty()) return {};
  std::vector<transport::Settlement> settlements;
  for (const transport::Delivery& delivery : releases_)
    settlements.push_back({.token = delivery.token, .outcome = transport::Release{}});
  const std::vector<Result<void>> outcomes = settle_now(*consumer_, executor_, std::move(settlements));
  std::vector<transport::Delivery> kept;
  Result<void> first_error;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i]) announcer_.announce(*released(std::move(releases_[i])));
    if (outcomes[i] || outcomes[i].error().kind == ErrorKind::conflict) continue;  // gone, by us or without us
    if (kept.empty()) first_error = outcomes[i];
    kept.push_back(std::move(releases_[i]));
  }
  releases_ = std::move(kept);
  return first_error;
}

Result<std::optional<Pulled>> PullSession::take() {
  while (true) {
    const std::vector<Taken> taken = queue_.take_ready({.max = 1, .max_per_lane = 1});
    if (taken.empty()) return std::optional<Pulled>{};
    auto pulled = prepare(taken.front());
    if (!pulled || *pulled) return pulled;
  }
}

// The stages before the caller. Nothing: it was settled without him, or it is not ours any more.
Result<std::optional<Pulled>> PullSession::prepare(const Taken& taken) {
  Pulled pulled{.ticket = taken.ticket,
                .slot = free_slot(),
                .delivery = *taken.delivery,
                .envelope = transport::envelope_of(taken.delivery->record)};
  slots_[pulled.slot] = true;
  auto verdict = before_decode(pulled.delivery, plan_.rules);
  if (!verdict) {
    const auto marked = mark(pulled);
    if (!marked || !*marked) {
      end(pulled, {.kind = marked ? Ending::Kind::gone : Ending::Kind::put_back});
      return marked ? Result<std::optional<Pulled>>{std::optional<Pulled>{}} : marked.error();
    }
    board_.set(pulled.slot, pulled.delivery.token);
    verdict = read(pulled);
  }
  if (!verdict) return std::optional{std::move(pulled)};
  if (auto settled = settle_once(pulled, *std::move(verdict), {});
      !settled && settled.error().kind != ErrorKind::conflict) {
    end(pulled, {.kind = Ending::Kind::put_back});
    return settled.error();
  }
  return std::optional<Pulled>{};
}

// A suspect is marked before anybody looks into it. False: it is not ours any more.
Result<bool> PullSession::mark(const Pulled& pulled) {
  if (!pulled.delivery.suspect) return true;
  const auto outcome =
      settle_now(*consumer_, executor_, {{.token = pulled.delivery.token, .outcome = pipeline::mark(pulled.delivery)}})
          .front();
  if (!outcome && outcome.error().kind != ErrorKind::conflict) return outcome.error();
  announcer_.announce(outcome ? Step::marked : Step::refused, pulled.delivery, pulled.envelope);
  return !!outcome;
}

// Fills the envelope. What is no event is the caller's to see, and to give up.
std::optional<pipeline::Verdict> PullSession::read(Pulled& pulled) const {
  const transport::RecordView& record = pulled.delivery.record;
  if (!reader_.peek(record, pulled.envelope)) pulled.envelope = transport::envelope_of(record);
  reader_.name(pulled.delivery, pulled.envelope);
  const std::string& type = pulled.envelope.type;
  if (!type.empty() && !pipeline::reads(plan_.spec.pattern, type)) return pipeline::filtered();
  return std::nullopt;
}

Result<void> PullSession::settle(Pulled& pulled, pipeline::Verdict verdict, std::vector<transport::Record> publishes) {
  if (closed())
    return conflict("the puller of this delivery is gone, and the delivery with it; keep the puller for as long");
  auto settled = settle_once(pulled, std::move(verdict), std::move(publishes));
  // A retry of what was meanwhile asked back must not wait here; what fails of it, the next pull tries again.
  static_cast<void>(give_back());
  return settled;
}

Result<void> PullSession::settle_once(Pulled& pulled, pipeline::Verdict verdict,
                                      std::vector<transport::Record> publishes) {
  auto outcome = settle_now(*consumer_, executor_,
                            {{.token = pulled.delivery.token, .outcome = verdict.outcome, .publishes = publishes}})
                     .front();
  if (!outcome && outcome.error().kind != ErrorKind::conflict) return outcome;
  Ending ending{.kind = Ending::Kind::done};
  const auto* retry = std::get_if<transport::Retry>(&verdict.outcome);
  if (outcome && retry && retry->order == RetryOrder::strict)
    ending = {.kind = Ending::Kind::hold, .attempts = retry->attempts};
  const int attempt = attempts_after(verdict, pulled.delivery.attempts.failed);
  Settling settling{.delivery = pulled.delivery,
                    .envelope = pulled.envelope,
                    .verdict = std::move(verdict),
                    .publishes = std::move(publishes),
                    .attempt = attempt};
  if (!outcome) {
    settling.verdict.step = Step::refused;
    settling.verdict.error = outcome.error();
  }
  end(pulled, std::move(ending));
  announcer_.announce(settling);
  return outcome;
}

Result<void> PullSession::release(Pulled& pulled) {
  if (closed()) return {};
  end(pulled, {.kind = Ending::Kind::give_back});
  return give_back();
}

void PullSession::end(const Pulled& pulled, Ending ending) {
  board_.clear(pulled.slot);
  slots_[pulled.slot] = false;
  ending.ticket = pulled.ticket;
  give_back_later(queue_.end({&ending, 1}));
}

std::size_t PullSession::free_slot() const {
  return static_cast<std::size_t>(std::ranges::find(slots_, false) - slots_.begin());
}

Result<void> PullSession::decode(const transport::RecordView& record, const EventType& type, void* data) const {
  Envelope envelope = transport::envelope_of(record);
  auto notes = reader_.decode(record, envelope, type.data, data);
  if (!notes) return notes.error();
  return {};
}

void PullSession::close() {
  board_.close();
  consumer_.reset();
}

}  // namespace tidings::service
