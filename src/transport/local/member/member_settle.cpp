#include "transport/local/member/member_settle.hpp"

#include <fmt/format.h>

#include "base/flaw.hpp"
#include "transport/local/storage/limits.hpp"
#include "transport/local/store/local_publisher.hpp"

namespace tidings::local {

using transport::Accept;
using transport::Bury;
using transport::Consumer;
using transport::Mark;
using transport::Release;
using transport::Retry;
using transport::RetryOrder;
using transport::Settlement;
using transport::Skip;

namespace {

Error not_ours() {
  return conflict("the delivery is not ours any more: its partition went to another member, or it is settled; drop it");
}

}  // namespace

void Member::settle(std::vector<Settlement> settlements, Consumer::Settled settled) {
  if (settlements.empty()) return;
  store_.committer().submit(std::make_shared<SettleOp>(shared_from_this(), std::move(settlements), std::move(settled)));
}

SettleOp::SettleOp(std::shared_ptr<Member> member, std::vector<Settlement> settlements, Consumer::Settled settled)
    : member_{std::move(member)},
      settlements_{std::move(settlements)},
      settled_{std::move(settled)},
      deadline_{member_->store_.now() + kChangeWithin},
      steps_(settlements_.size()),
      owned_(member_->store_.partitions()) {
  for (std::size_t i = 0; i < settlements_.size(); ++i) encode(i);
}

// On the caller's thread: the writer only copies.
void SettleOp::encode(std::size_t index) {
  Step& step = steps_[index];
  step.first_published = published_.size();
  for (const auto& record : settlements_[index].publishes) {
    if (auto added = add_record(member_->store_, record, published_); !added) step.result = added;
  }
}

void SettleOp::apply(Commit& commit) {
  for (std::size_t i = 0; i < settlements_.size(); ++i) apply_one(commit, i);
  commit.at_end(member_);
}

void SettleOp::apply_one(Commit& commit, std::size_t index) {
  Step& step = steps_[index];
  if (!step.result) {  // what it publishes cannot be published
    const std::size_t first = flawed(Flaw::local_outputs_apart) ? step.first_published : published_.size();
    for (std::size_t i = first; i < published_.size(); ++i) commit.append(published_.at(i));
    return;
  }
  const auto flight = begin(settlements_[index].token);
  if (!flight || !owned(commit, *flight) || is_gone(commit, *flight)) {
    step.result = not_ours();
    return;
  }
  step.result = std::visit([&](const auto& outcome) { return perform(commit, index, *flight, outcome); },
                           settlements_[index].outcome);
}

std::optional<InFlight> SettleOp::begin(Token token) const {
  const std::lock_guard lock{member_->mutex_};
  const InFlight* flight = member_->holdings_.find(token);
  if (flight == nullptr || flight->settling) return std::nullopt;
  return *flight;
}

bool SettleOp::owned(Commit& commit, const InFlight& flight) {
  auto& known = owned_[flight.partition];
  if (!known) {
    const Owner ours{.member = member_->row_.id, .epoch = flight.epoch};
    known = owner_of(commit.transaction(), member_->subscription_.id, flight.partition) == ours ||
            flawed(Flaw::local_cut_off_settles);
  }
  return *known;
}

// A parked one that is settled already, or whose group was removed.
bool SettleOp::is_gone(Commit& commit, const InFlight& flight) const {
  return flight.parked && !load_parked(commit.transaction(), parked_key(flight));
}

TrialKey SettleOp::trial_key(const InFlight& flight) const {
  return {.group = member_->subscription_.group, .partition = flight.partition, .sequence = flight.number};
}

ParkedKey SettleOp::parked_key(const InFlight& flight) const {
  return {.group = member_->subscription_.group, .partition = flight.partition, .id = flight.number};
}

// Final: nothing about it is to be kept where it lies.
void SettleOp::settled(Commit& commit, std::size_t index, const InFlight& flight) {
  if (flight.parked) {
    erase_parked(commit.transaction(), parked_key(flight));
  } else if (flight.has_row) {
    commit.transaction().erase(Tree::attempts, key_of(trial_key(flight)));
  }
  steps_[index].after = After::forget;
  const std::lock_guard lock{member_->mutex_};
  member_->holdings_.settle(settlements_[index].token);
}

Result<void> SettleOp::perform(Commit& commit, std::size_t index, const InFlight& flight, const Accept&) {
  const std::size_t first = steps_[index].first_published;
  const std::size_t count = settlements_[index].publishes.size();
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < count; ++i) bytes += published_.at(first + i).size();
  if (bytes > 0 && outputs_) outputs_ = commit.room_for(Room::outputs, bytes);
  if (bytes > 0 && !outputs_) return outputs_;
  for (std::size_t i = 0; i < count; ++i) commit.append(published_.at(first + i));
  settled(commit, index, flight);
  return {};
}

Result<void> SettleOp::perform(Commit& commit, std::size_t index, const InFlight& flight, const Skip&) {
  settled(commit, index, flight);
  return {};
}

Result<ParkedRow> SettleOp::origin_of(Commit& commit, const InFlight& flight) const {
  if (flight.parked) {
    auto row = load_parked(commit.transaction(), parked_key(flight));
    if (!row) return not_ours();
    return *std::move(row);
  }
  const auto stored = commit.transaction().event(flight.number);
  if (!stored) return corrupt(fmt::format("event {} is not in the store any more", flight.number));
  return ParkedRow{.topic = flight.topic, .origin = flight.number, .stored = *stored};
}

Result<void> SettleOp::perform(Commit& commit, std::size_t index, const InFlight& flight, const Bury& outcome) {
  const auto origin = origin_of(commit, flight);
  if (!origin) return origin.error();
  const SubscriptionRow& subscription = member_->subscription_;
  bury(commit.transaction(), {.group = shown_group(subscription),
                              .subscription = subscription.name(),
                              .reason = outcome.reason,
                              .error = outcome.error,
                              .failed = outcome.attempts.failed,
                              .crashes = outcome.attempts.crashes,
                              .replays = origin->replays,
                              .first_failed = outcome.attempts.first_failed,
                              .buried = commit.now(),
                              .host = member_->row_.host,
                              .pid = member_->row_.process.pid,
                              .topic = flight.topic,
                              .partition = flight.partition,
                              .origin = origin->origin,
                              .stored = origin->stored});
  settled(commit, index, flight);
  return {};
}

Result<void> SettleOp::perform(Commit& commit, std::size_t index, const InFlight& flight, const Retry& retry) {
  const Trial trial{.attempts = retry.attempts};
  if (retry.order == RetryOrder::strict) {
    store(commit, index, flight, trial);
    return {};
  }
  auto origin = origin_of(commit, flight);
  if (!origin) return origin.error();
  origin->due = flawed(Flaw::local_relaxed_early) ? commit.now() : retry.attempts.due.value_or(commit.now());
  origin->trial = trial;
  parked_until_ = std::min(parked_until_, origin->due);
  if (!flight.parked) {
    park(commit.transaction(), member_->subscription_.group, flight.partition, *origin);
    settled(commit, index, flight);
    return {};
  }
  store_parked(commit.transaction(), parked_key(flight), *origin);
  steps_[index].after = After::forget;
  return {};
}

Result<void> SettleOp::perform(Commit& commit, std::size_t index, const InFlight& flight, const Mark& mark) {
  Trial trial;
  if (flight.parked) {
    const auto row = load_parked(commit.transaction(), parked_key(flight));
    if (!row) return not_ours();
    trial = row->trial;
  } else if (const auto row = load_trial(commit.transaction(), trial_key(flight))) {
    trial = row->trial;
  }
  trial.marked = mark.crashes;
  store(commit, index, flight, trial);
  return {};
}

// Not final: the row says how it stands.
void SettleOp::store(Commit& commit, std::size_t index, const InFlight& flight, const Trial& trial) {
  if (flight.parked) {
    auto row = load_parked(commit.transaction(), parked_key(flight));
    if (!row) return;
    row->trial = trial;
    store_parked(commit.transaction(), parked_key(flight), *row);
    return;
  }
  store_trial(commit.transaction(), trial_key(flight), {.topic = flight.topic, .trial = trial});
  // At once: the same transaction may settle it, and must erase the row. Wrongly set, it costs a look.
  const std::lock_guard lock{member_->mutex_};
  if (InFlight* known = member_->holdings_.find(settlements_[index].token)) known->has_row = true;
}

Result<void> SettleOp::perform(Commit& commit, std::size_t index, const InFlight& flight, const Release&) {
  steps_[index].after = After::give_back;
  if (flight.parked) {
    release_parked(commit.transaction(), parked_key(flight));
  } else if (flight.has_row) {
    release_trial(commit.transaction(), trial_key(flight));
    if (const auto row = load_trial(commit.transaction(), trial_key(flight))) steps_[index].trial = row->trial;
  }
  return {};
}

void SettleOp::finish(const Result<void>& outcome) {
  Member& member = *member_;
  {
    const std::lock_guard lock{member.mutex_};
    for (std::size_t i = 0; i < steps_.size(); ++i) member.complete(*this, i, bool{outcome});
    if (outcome && parked_until_ != kNever) member.expect_parked(parked_until_);
    if (member.ready()) member.changed_->notify_all();
  }
  for (std::size_t i = 0; i < steps_.size(); ++i) settled_(i, outcome ? steps_[i].result : outcome);
}

// What a settlement changes in memory, now that it is known whether it is stored.
void Member::complete(const SettleOp& op, std::size_t index, bool stored) {
  const SettleOp::Step& step = op.steps_[index];
  const Token token = op.settlements_[index].token;
  InFlight* flight = holdings_.find(token);
  if (flight == nullptr) return;
  const std::uint32_t partition = flight->partition;
  if (!stored) {
    // Only what this operation did: another one may have settled it since.
    if (flight->settling && step.after == SettleOp::After::forget) holdings_.unsettle(token);
    return;
  }
  if (step.after == SettleOp::After::give_back) {
    if (step.trial) trials_[{partition, flight->number}] = *step.trial;
    if (flight->parked) expect_parked(Time{});
    holdings_.give_back(token);
  }
  if (step.after == SettleOp::After::forget) holdings_.forget(token);
  if (holdings_.has_returned()) look_events_ = true;
  if (holdings_.revoking(partition) && holdings_.in_flight(partition) == 0) store_.call_warden();
}

}  // namespace tidings::local
