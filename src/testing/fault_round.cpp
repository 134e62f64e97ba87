#include "testing/fault_round.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "service/plan/plan.hpp"
#include "testing/finding_text.hpp"

namespace tidings::testing {

namespace {

using Kind = FaultFinding::Kind;

constexpr std::uint64_t kLossesOfOneMax = 2;  // an event comes so often again
// What passes between handlers is made of moments: nothing of the service's own is that short.
constexpr std::uint64_t kPauseBelow = 100;  // microseconds
constexpr Duration kNoticeWithin = std::chrono::microseconds{1};
constexpr Duration kAgainWithin = std::chrono::milliseconds{20};  // longer than a batch is gathered, by default

// The ids of all events of the batch; of one event nothing.
std::string events_of(const HandlerFacts& facts, const void* data) {
  std::string ids;
  if (!facts.batch) return ids;
  for (const Envelope* envelope : static_cast<const service::BatchCall*>(data)->envelopes) ids += envelope->id + '\n';
  return ids;
}

// A batch ends with a result for each of its events.
bool all_well(const HandlerFacts& facts, const Result<void>& outcome, const void* data) {
  if (!outcome || !facts.batch) return bool{outcome};
  const auto& results = static_cast<const service::BatchCall*>(data)->results;
  return !results || std::ranges::all_of(*results, [](const Result<void>& result) { return bool{result}; });
}

// The connection was lost since it was received: its settlement will be refused, whatever it is.
Result<void> lost(const HandlerFacts& facts, const void* data) {
  const Error error = conflict("the connection was lost before the handler began; the event comes again");
  if (!facts.batch) return error;
  const auto& call = *static_cast<const service::BatchCall*>(data);
  call.results.emplace(call.envelopes.size(), error);
  return {};
}

// Of a batch only the aggregate ids are told, which are the keys by default.
std::vector<std::string> keys_of(const HandlerFacts& facts, const void* data, const Context& context) {
  std::vector<std::string> keys;
  if (facts.batch) {
    for (const Envelope* envelope : static_cast<const service::BatchCall*>(data)->envelopes)
      keys.push_back(envelope->aggregate_id);
  } else if (context.key()) {
    keys.emplace_back(*context.key());
  }
  std::erase(keys, "");
  return keys;
}

}  // namespace

// Waits until no other handler runs, and until the one that was lost just now has come again.
class FaultRound::Turn final {
 public:
  Turn(FaultRound& round, const Handling* handling) : round_{round} {
    std::unique_lock lock{round_.mutex_};
    while (!round_.closed_ && (round_.taken_ || round_.awaits_another(handling)))
      round_.changed_->wait_until(lock, round_.taken_ ? kNever : round_.awaited_until_);
    mine_ = !round_.closed_;
    if (!mine_) return;
    round_.taken_ = true;
    round_.awaited_ = nullptr;
  }
  ~Turn() {
    if (!mine_) return;
    const std::lock_guard lock{round_.mutex_};
    round_.taken_ = false;
    round_.changed_->notify_all();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  bool mine() const { return mine_; }

 private:
  FaultRound& round_;
  bool mine_ = false;
};

FaultRound::FaultRound(std::shared_ptr<Executor> executor, Options options)
    : executor_{std::move(executor)},
      options_{std::move(options)},
      changed_{executor_->condition()},
      random_{options_.seed} {
  report_.seed = options_.seed;
}

Result<void> FaultRound::run(const HandlerFacts& facts, const HandlerFunction& inner, const void* data,
                             Context& context) {
  if (closed_ || context.replayed() || context.event_id().empty()) return inner(data, context);
  if (facts.in_transaction) return run_in_turn(facts, inner, data, context);
  const std::size_t losses = report_.losses;
  pause();
  const Turn turn{*this, find(facts, context)};
  if (!turn.mine()) return inner(data, context);
  if (report_.losses != losses) return lost(facts, data);
  return run_in_turn(facts, inner, data, context);
}

void FaultRound::pause() {
  executor_->sleep_until(executor_->now() + std::chrono::microseconds{random_() % kPauseBelow});
}

bool FaultRound::awaits_another(const Handling* handling) const {
  return awaited_ && awaited_ != handling && executor_->now() < awaited_until_;
}

Result<void> FaultRound::run_in_turn(const HandlerFacts& facts, const HandlerFunction& inner, const void* data,
                                     Context& context) {
  std::string events = events_of(facts, data);
  std::vector<std::string> keys = keys_of(facts, data, context);
  Handling* handling = find(facts, context);
  const bool again = handling && !facts.in_transaction;
  const bool comparable = again && undisturbed(*handling, events);
  // What an attempt that failed left behind belongs to the one after it, if nothing else has run since.
  if (again && handling->last_run != runs_) handling->before.reset();
  if (comparable && !handling->before) handling->before = state();
  note_run(handling, keys);
  const std::uint64_t run = runs_;
  ListeningContext listening{context};
  const Result<void> outcome = inner(data, listening);
  if (closed_ || !all_well(facts, outcome, data)) return outcome;
  if (comparable && run == runs_) {
    compare(*handling, listening);
  } else if (again) {
    ++report_.not_compared;
  }
  if (!handling) handling = begin_to_look(facts, context);
  if (!handling) return outcome;
  if (!again || handling->events != events) handling->first = listening.heard();
  keep(*handling, std::move(events), std::move(keys));
  lose(*handling, facts);
  return outcome;
}

FaultRound::Handling* FaultRound::find(const HandlerFacts& facts, const Context& context) {
  const auto found = handlings_.find({&facts, context.event_id()});
  return found == handlings_.end() ? nullptr : &found->second;
}

// Null: it is one too many.
FaultRound::Handling* FaultRound::begin_to_look(const HandlerFacts& facts, const Context& context) {
  if (report_.losses >= kLossesMax) {
    ++report_.without_fault;
    return nullptr;
  }
  Handling handling{.subject = {.seed = options_.seed,
                                .group = facts.group,
                                .subscription = facts.subscription,
                                .handler = facts.label,
                                .event_id = context.event_id(),
                                .key = std::string{context.key().value_or("")}},
                    .losses_left = 1 + static_cast<int>(random_() % kLossesOfOneMax)};
  return &(handlings_[{&facts, context.event_id()}] = std::move(handling));
}

// Whether nothing of its keys was handled since, wherever.
bool FaultRound::undisturbed(const Handling& handling, const std::string& events) const {
  return handling.events == events && std::ranges::all_of(handling.keys, [&](const std::string& key) {
           const auto last = last_of_key_.find(key);
           return last != last_of_key_.end() && last->second == &handling;
         });
}

void FaultRound::note_run(Handling* handling, const std::vector<std::string>& keys) {
  ++runs_;
  if (handling) handling->last_run = runs_;
  for (const std::string& key : keys) {
    const auto last = last_of_key_.find(key);
    if (last != last_of_key_.end()) last->second = handling;
  }
}

// For its next run.
void FaultRound::keep(Handling& handling, std::string events, std::vector<std::string> keys) {
  for (const std::string& key : keys) last_of_key_[key] = &handling;
  handling.events = std::move(events);
  handling.keys = std::move(keys);
  handling.last_run = runs_;
  handling.before.reset();
}

void FaultRound::compare(Handling& handling, const ListeningContext& listening) {
  ++report_.compared;
  const Heard second = listening.heard();
  if (second.digest != handling.first.digest && !std::exchange(handling.outputs_told, true)) {
    FaultFinding finding = handling.subject;
    finding.kind = Kind::outputs;
    std::tie(finding.first, finding.second) = difference(handling.first.text, second.text);
    add(std::move(finding));
  }
  const std::string after = state();
  if (after != handling.before && !std::exchange(handling.state_told, true)) {
    FaultFinding finding = handling.subject;
    finding.kind = Kind::state;
    std::tie(finding.first, finding.second) = difference(*handling.before, after);
    add(std::move(finding));
  }
}

// The receivers hear of it before the lane of this one goes on: what comes behind it in its key waits for it again.
void FaultRound::lose(Handling& handling, const HandlerFacts& facts) {
  if (handling.losses_left == 0 || report_.losses >= kLossesMax) return;
  --handling.losses_left;
  ++report_.losses;
  options_.lose_connection();
  if (facts.in_transaction) return;
  executor_->sleep_until(executor_->now() + kNoticeWithin);
  awaited_ = &handling;
  awaited_until_ = executor_->now() + kAgainWithin;
}

std::string FaultRound::state() {
  if (!options_.snapshot || snapshot_threw_) return {};
  try {
    return options_.snapshot();
  } catch (...) {
    snapshot_threw_ = std::current_exception();
    return {};
  }
}

void FaultRound::add(FaultFinding finding) {
  if (report_.findings.size() < kFindingsMax) {
    report_.findings.push_back(std::move(finding));
  } else {
    ++report_.findings_left_out;
  }
}

void FaultRound::buried(std::string_view group, std::string_view subscription, std::string_view event_id,
                        std::string_view error) {
  for (const auto& [id, handling] : handlings_) {
    const FaultFinding& subject = handling.subject;
    if (id.first->in_transaction || subject.event_id != event_id) continue;
    if (subject.group != group || subject.subscription != subscription) continue;
    FaultFinding finding = subject;
    finding.kind = Kind::buried;
    finding.second = cut_text(error);
    add(std::move(finding));
  }
}

void FaultRound::unsettled(std::string what) {
  add({.kind = Kind::unsettled, .seed = options_.seed, .second = cut_text(what)});
}

FaultReport FaultRound::end() {
  {
    const std::lock_guard lock{mutex_};
    closed_ = true;
    changed_->notify_all();
  }
  if (snapshot_threw_) std::rethrow_exception(snapshot_threw_);
  return report_;
}

}  // namespace tidings::testing
