#include <fmt/format.h>

#include <algorithm>

#include "base/flaw.hpp"
#include "service/handle/stages.hpp"
#include "service/handle/worker.hpp"

namespace tidings::service {

namespace {

constexpr std::size_t kTakeMax = 64;
constexpr std::size_t kSlot = 1;
constexpr Duration kPauseFirst = std::chrono::milliseconds{10};
constexpr Duration kPauseMost = std::chrono::seconds{1};

// A repetition cannot mend it: it is this delivery's own fault, not the store's.
bool is_its_own(const Error& error) {
  return error.kind == ErrorKind::invalid || error.kind == ErrorKind::unsupported;
}
// What was written breaks a constraint that the database checks in the end.
bool is_its_writers(const Error& error) {
  return error.kind == ErrorKind::conflict || error.kind == ErrorKind::invalid;
}

Error transaction_died(const RunResult& result) {
  constexpr std::string_view kWhat = "the database rolled the inbox's transaction back while the handler ran";
  if (result.outcome) return unavailable(fmt::format("{}, which took it for a success", kWhat));
  return {result.outcome.error().kind, fmt::format("{} ({})", result.outcome.error().message, kWhat)};
}

// What one transaction of the inbox takes in. Nothing of it is known outside until it is committed.
class InboxRound final {
 public:
  InboxRound(SubscriptionParts& parts, HandlerRunner& runner) : parts_{parts}, runner_{runner} {}

  std::size_t size() const { return members_.size(); }
  // Whether it takes more deliveries.
  bool open() const { return !closed_ && !broken_; }

  // Brings one through its stages, or leaves it for the next round.
  void add(Taken taken);
  void close() { closed_ = true; }

  // Commits, then ends all that were added; an error: nothing happened, all of them wait in their lanes again.
  Result<void> finish();
  // The one that needs a round of its own, when this one finished well.
  const std::optional<Taken>& next() const { return next_; }

 private:
  struct Member {
    Taken taken;
    std::optional<Decoded> decoded;
    SettlingPtr settling;  // none: put back
    bool gone = false;     // not ours any more
    bool ran = false;      // its handler wrote in the transaction
    bool spoils = false;   // it may be to blame that the transaction failed
  };
  // False: it needs a round of its own.
  bool work(Member& member);
  void handle(Member& member);
  void handle_unmarked(Member& member);
  void run_marked(Member& member);
  void run_in_dead(Member& member, RunResult& result);
  void refuse(const Error& error);
  void fail_alone(Member& member, RunResult& result);
  void repeat(Member& member, std::vector<transport::Record> unconfirmed);
  Result<void> begin();
  void conclude(Member& member, RunResult& result);
  void fail(const Error& error) { broken_ = error; }
  void end_members(bool committed);

  SubscriptionParts& parts_;
  HandlerRunner& runner_;
  std::unique_ptr<InboxTransaction> transaction_;
  std::vector<Member> members_;
  std::optional<Taken> next_;
  std::vector<pipeline::LaneNumber> held_;  // lanes of which one failed here: the rest of them is kept back
  bool closed_ = false;
  std::optional<Error> broken_;
};

Result<void> InboxRound::begin() {
  if (transaction_) return {};
  auto begun = parts_.plan.inbox->begin(parts_.engine->executor->now());
  if (!begun) return begun.error();
  transaction_ = *std::move(begun);
  return {};
}

void InboxRound::add(Taken taken) {
  members_.push_back({.taken = taken});
  Member& member = members_.back();
  if (!may_run(parts_)) close();
  if (!open()) return;
  if (std::ranges::find(held_, taken.lane) != held_.end()) return;
  const BoardEntry entry{parts_.board, kSlot, taken.delivery->token};
  if (!work(member)) {
    next_ = taken;
  } else if (member.settling && holds(member.settling->verdict)) {
    held_.push_back(taken.lane);
  }
}

bool InboxRound::work(Member& member) {
  const transport::Delivery& delivery = *member.taken.delivery;
  member.decoded = parts_.ahead.take(delivery.token);
  if (!member.decoded) member.decoded = prepare(parts_, delivery);
  if (!member.decoded) {
    member.gone = true;
  } else if (member.decoded->verdict) {
    member.settling = settling_of(parts_, delivery, *member.decoded);
  } else if (member.decoded->no_id || member.taken.spoils) {
    closed_ = true;
    if (transaction_) return false;
    member.decoded->no_id ? handle_unmarked(member) : handle(member);
  } else {
    handle(member);
  }
  return true;
}

// Without an id there is no mark, and so no savepoint: the transaction is its own.
void InboxRound::handle_unmarked(Member& member) {
  if (auto begun = begin(); !begun) return fail(begun.error());
  if (parts_.queue.is_lost(member.taken.ticket)) return void(member.gone = true);
  RunResult result = runner_.run(*member.taken.delivery, *member.decoded, transaction_.get());
  member.ran = true;
  if (!transaction_->alive()) return run_in_dead(member, result);
  conclude(member, result);
  if (member.settling->verdict.step != Step::accepted) transaction_.reset();
}

void InboxRound::handle(Member& member) {
  if (auto begun = begin(); !begun) return fail(begun.error());
  // The database may have been another's for long.
  if (parts_.queue.is_lost(member.taken.ticket)) return void(member.gone = true);
  const transport::Delivery& delivery = *member.taken.delivery;
  auto admission = transaction_->admit({.group = parts_.plan.spec.group,
                                        .event_id = member.decoded->envelope.id,
                                        .replay_id = delivery.replay_id,
                                        .digest = member.decoded->digest});
  if (!admission) return fail(admission.error());
  switch (admission->seen) {
    case InboxTransaction::Seen::fresh:
      return run_marked(member);
    case InboxTransaction::Seen::duplicate:
      return repeat(member, std::move(admission->unconfirmed));
    case InboxTransaction::Seen::conflict:
      if (flawed(Flaw::conflict_is_duplicate)) return repeat(member, {});
      member.decoded->verdict = pipeline::conflicting(delivery, member.decoded->envelope.id);
      member.settling = settling_of(parts_, delivery, *member.decoded);
      return;
  }
}

void InboxRound::run_marked(Member& member) {
  RunResult result = runner_.run(*member.taken.delivery, *member.decoded, transaction_.get());
  member.ran = true;
  if (!transaction_->alive()) return run_in_dead(member, result);
  conclude(member, result);
  Settling& settling = *member.settling;
  if (settling.verdict.step == Step::accepted) {
    auto kept = transaction_->keep(settling.publishes);
    settling.confirms = !settling.publishes.empty();
    if (kept) return;
    if (!is_its_own(kept.error())) return fail(kept.error());
    result.outcome = kept.error();
    fail_alone(member, result);
  }
  if (auto undone = flawed(Flaw::failure_keeps_mark) ? transaction_->keep({}) : transaction_->undo(); !undone)
    fail(undone.error());
}

// Whatever ran before it in the transaction is undone, too, and comes again without it. Alone it has failed.
void InboxRound::run_in_dead(Member& member, RunResult& result) {
  transaction_.reset();
  closed_ = true;
  const Error died = transaction_died(result);
  if (died.kind == ErrorKind::overloaded)
    return fail(died);  // a full disk is nobody's doing: again, when there is room
  if (std::ranges::count_if(members_, &Member::ran) > 1) {
    member.spoils = true;
    return fail(died);
  }
  result.outcome = died;
  conclude(member, result);
}

// The database takes none of it. Whose fault it is shows when each has a transaction of its own.
void InboxRound::refuse(const Error& error) {
  const auto wrote = std::ranges::count_if(members_, &Member::ran);
  for (Member& member : members_) {
    if (!member.ran || !is_its_writers(error)) continue;
    member.spoils = true;
    if (wrote > 1) continue;
    RunResult result{.outcome = error, .took = member.settling->took};
    return fail_alone(member, result);
  }
  fail(error);
}

// It seemed to be a success, and is a failure.
void InboxRound::fail_alone(Member& member, RunResult& result) {
  member.decoded->envelope = std::move(member.settling->envelope);
  conclude(member, result);
}

// Its effect is there. What it published may not be out: the same goes out again.
void InboxRound::repeat(Member& member, std::vector<transport::Record> unconfirmed) {
  member.decoded->verdict = pipeline::duplicate();
  member.settling = settling_of(parts_, *member.taken.delivery, *member.decoded);
  if (unconfirmed.empty() || flawed(Flaw::duplicate_loses_outputs)) return;
  member.settling->verdict.outcome = transport::Accept{};
  member.settling->publishes = std::move(unconfirmed);
  member.settling->confirms = true;
}

void InboxRound::conclude(Member& member, RunResult& result) {
  member.settling = settling_of(parts_, *member.taken.delivery, *member.decoded, result);
}

Result<void> InboxRound::finish() {
  if (flawed(Flaw::settled_before_inbox)) end_members(!broken_);
  if (!broken_ && transaction_) {
    if (auto committed = transaction_->commit(); !committed) refuse(committed.error());
  }
  transaction_.reset();  // rolls back what is not committed
  if (!flawed(Flaw::settled_before_inbox)) end_members(!broken_);
  if (broken_) return *broken_;
  return {};
}

void InboxRound::end_members(bool committed) {
  std::vector<Handled> handled;
  handled.reserve(members_.size());
  if (!committed) next_.reset();
  for (Member& member : members_) {
    if (next_ && member.taken.ticket == next_->ticket) continue;
    if (!committed) member.settling.reset();
    handled.push_back({member.taken, std::move(member.settling), member.gone, member.spoils});
  }
  parts_.end(std::move(handled));
}

class InboxWorker final : public Worker {
 public:
  explicit InboxWorker(SubscriptionParts& parts)
      : parts_{parts}, seat_{*parts.engine->executor}, runner_{parts}, backoff_{kPauseFirst, kPauseMost} {}

  void run() override {
    while (true) {
      const std::vector<Taken> taken = parts_.queue.take(seat_, limits(group_max()));
      if (taken.empty()) return;
      handle(taken);
    }
  }
  void request_stop() override { runner_.request_stop(); }

 private:
  std::size_t group_max() const { return std::max<std::size_t>(parts_.plan.inbox->limits().group_max, 1); }
  static TakeLimits limits(std::size_t left) {
    const std::size_t max = std::min(left, kTakeMax);
    return {.max = max, .max_per_lane = max};
  }

  void handle(std::vector<Taken> taken) {
    Result<void> finished;
    {
      const auto company = company_of(*taken.front().delivery);
      const GatePass pass{parts_.engine->gate, company};
      finished = one_round(std::move(taken));
      if (company == GatePass::Company::alone) parts_.settler.wait_settled();
    }
    if (finished) {
      parts_.health.well(Health::Part::inbox);
      backoff_.reset();
      return;
    }
    parts_.health.trouble(Health::Part::inbox, finished.error());
    Executor& executor = *parts_.engine->executor;
    executor.sleep_until(executor.now() + backoff_.next());
  }

  // It does not wait for more to come: what gathers while it commits makes the next round big enough.
  Result<void> one_round(std::vector<Taken> taken) {
    Executor& executor = *parts_.engine->executor;
    const Time until = executor.now() + parts_.plan.inbox->limits().group_time_max;
    InboxRound round{parts_, runner_};
    while (!taken.empty()) {
      for (const Taken& one : taken) {
        round.add(one);
        if (round.open() && executor.now() >= until) round.close();
      }
      const std::size_t left = group_max() - std::min(group_max(), round.size());
      taken = round.open() && left > 0 ? parts_.queue.take_ready(limits(left)) : std::vector<Taken>{};
    }
    auto finished = round.finish();
    if (!finished || !round.next()) return finished;
    InboxRound own{parts_, runner_};
    own.add(*round.next());
    return own.finish();
  }

  SubscriptionParts& parts_;
  WorkQueue::Seat seat_;
  HandlerRunner runner_;
  Backoff backoff_;
};

}  // namespace

std::unique_ptr<Worker> inbox_worker(SubscriptionParts& parts) {
  return std::make_unique<InboxWorker>(parts);
}

}  // namespace tidings::service
