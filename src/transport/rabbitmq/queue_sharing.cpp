#include "transport/rabbitmq/queue_sharing.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "transport/rabbitmq/queue_plan.hpp"
#include "transport/rabbitmq/rabbitmq_limits.hpp"

namespace tidings::rabbitmq {

QueueSharing::QueueSharing(Executor& executor, std::shared_ptr<ControlStream> log, std::shared_ptr<Trials> trials,
                           SharingSpec spec)
    : executor_{executor},
      log_{std::move(log)},
      trials_{std::move(trials)},
      spec_{std::move(spec)},
      bell_{std::make_shared<transport::Bell>(executor)} {
  log_->ring_on_change(bell_);
  thread_ = executor_.spawn("amqp-sharing", [this] { run(); });
}

QueueSharing::~QueueSharing() {
  stopping_ = true;
  bell_->ring();
}

void QueueSharing::connected(std::uint64_t connection) {
  const std::lock_guard lock{mutex_};
  given_connection_ = connection;
  given_releases_.clear();
  bell_->ring();
}

void QueueSharing::disconnected() {
  const std::lock_guard lock{mutex_};
  given_connection_.reset();
  given_releases_.clear();
  bell_->ring();
}

void QueueSharing::released(std::size_t queue, bool suspects) {
  const std::lock_guard lock{mutex_};
  given_releases_.push_back({queue, suspects});
  bell_->ring();
}

bool QueueSharing::leave(const std::set<std::size_t>& suspects) {
  stopping_ = true;
  bell_->ring();
  thread_.reset();
  adopt_connection();
  std::set<std::size_t> suspected = suspects;
  for (const Release& release : releases_) {
    if (release.suspects) suspected.insert(release.queue);
  }
  std::vector<RecordChange> changes;
  for (const auto& [queue, held] : held_) {
    changes.push_back({.key = queue_key(spec_.name, queue),
                       .value = text_of(left(held.record, suspected.contains(queue))),
                       .expected = held.record.version});
  }
  // Last: the others act on it, and see what was left then. Not that of another process of our name.
  if (announced_ != 0) {
    changes.push_back({.key = member_key(spec_.name, spec_.instance), .value = {}, .expected = announced_});
  }
  const auto begun = RecordChanges::begin(*log_, bell_, changes);
  const Time deadline = executor_.now() + kLeaveWithin;
  while (!begun->are_answered()) {
    const std::uint64_t heard = bell_->rings();
    if (begun->are_answered() || executor_.now() >= deadline) break;
    bell_->wait(heard, deadline);
  }
  return begun->are_answered();
}

// Waits until all are answered, or we end.
RecordVersions QueueSharing::put(const std::vector<RecordChange>& changes) {
  const auto begun = RecordChanges::begin(*log_, bell_, changes);
  while (!stopping_) {
    const std::uint64_t heard = bell_->rings();
    if (begun->are_answered()) break;
    bell_->wait(heard, kNever);
  }
  return begun->versions();
}

Result<std::uint64_t> QueueSharing::put(RecordChange change) {
  return put(std::vector{std::move(change)}).front();
}

void QueueSharing::run() {
  while (!stopping_) {
    const std::uint64_t heard = bell_->rings();
    adopt_connection();
    const Time now = executor_.now();
    const bool done = !connection_ || step();
    // What others change is looked at together.
    executor_.sleep_until(now + kShareEvery);
    bell_->wait(heard, now + (done ? kLookEvery : kReopenPause));
  }
}

void QueueSharing::adopt_connection() {
  const std::lock_guard lock{mutex_};
  if (given_connection_ != connection_) {
    held_.clear();
    releases_.clear();
    connected_at_ = executor_.now();
  }
  connection_ = given_connection_;
  std::ranges::move(given_releases_, std::back_inserter(releases_));
  given_releases_.clear();
}

// False: it has to be done again.
bool QueueSharing::step() {
  auto records = read();
  is_blocked_ = log_->is_blocked();
  if (!is_blocked_) gone_.clear();
  auto done = records ? announce(*records) : Result<void>{records.error()};
  if (done) done = let_go();
  if (done) done = note_taken();
  if (done) {
    notice_losses(*records);
    done = follow_plan(*records);
  }
  if (done) done = look(*records);
  if (!done && done.error().kind != ErrorKind::conflict) spec_.trouble(done.error());
  return static_cast<bool>(done);
}

Result<ShareRecords> QueueSharing::read() {
  const std::string prefix = share_prefix(spec_.name);
  auto records = log_->list_read(ControlSpace::driver, prefix);
  const Time deadline = executor_.now() + kRequestWithin;
  while (!records) {  // it is read for the first time, or anew: what is there yet is no basis
    auto list = log_->list(ControlSpace::driver, prefix, kLookWithin);
    if (list) {
      records = *std::move(list);
    } else if (stopping_ || executor_.now() >= deadline || list.error().kind != ErrorKind::unavailable) {
      return list.error();
    }
  }
  return share_records(spec_.name, spec_.queues, *records);
}

// Also again, when another one took us for dead.
Result<void> QueueSharing::announce(ShareRecords& records) {
  std::erase_if(records.members, [&](const auto& member) {
    const auto gone = gone_.find(member.first);
    return gone != gone_.end() && gone->second == member.second.life;
  });
  MemberRecord& ours = records.members[spec_.instance];
  if (!is_blocked_ && spec_.announce && !is_announced_) {
    if (auto done = spec_.announce(); !done) return done;
    is_announced_ = true;
  }
  if (ours.life == spec_.life) return {};
  ours.life = spec_.life;
  if (is_blocked_) return {};
  const auto version =
      put({.key = member_key(spec_.name, spec_.instance), .value = text_of(ours), .expected = ours.version});
  if (!version) return version.error();
  announced_ = *version;
  return {};
}

QueueRecord QueueSharing::left(const QueueRecord& held, bool suspects) const {
  QueueRecord record = held;
  record.held = false;
  record.suspects = suspects;
  return record;
}

Result<void> QueueSharing::let_go() {
  while (!is_blocked_ && !releases_.empty()) {
    const Release release = releases_.back();
    if (const auto held = held_.find(release.queue); held != held_.end()) {
      const QueueRecord& record = held->second.record;
      const auto version = put({.key = queue_key(spec_.name, release.queue),
                                .value = text_of(left(record, release.suspects)),
                                .expected = record.version});
      if (!version && version.error().kind != ErrorKind::conflict) return version.error();
      held_.erase(held);
    }
    releases_.pop_back();
  }
  return {};
}

// Once the server takes messages again. Who was noted before us has it.
Result<void> QueueSharing::note_taken() {
  if (is_blocked_) return {};
  std::vector<std::size_t> queues;
  std::vector<RecordChange> changes;
  for (const auto& [queue, held] : held_) {
    if (held.is_noted) continue;
    queues.push_back(queue);
    changes.push_back(
        {.key = queue_key(spec_.name, queue), .value = text_of(held.record), .expected = held.record.version});
  }
  if (queues.empty()) return {};
  const RecordVersions versions = put(changes);
  Result<void> done;
  for (std::size_t i = 0; i < queues.size(); ++i) {
    Held& held = held_.at(queues[i]);
    if (versions[i]) {
      held.record.version = *versions[i];
      held.is_noted = true;
    } else if (versions[i].error().kind == ErrorKind::conflict) {
      lose(queues[i]);
    } else {
      done = versions[i].error();
    }
  }
  return done;
}

void QueueSharing::lose(std::size_t queue) {
  held_.erase(queue);
  spec_.tell({{.kind = ShareOrder::Kind::lose, .queue = queue, .connection = *connection_}});
}

void QueueSharing::notice_losses(const ShareRecords& records) {
  std::vector<std::size_t> lost;
  for (const auto& [queue, held] : held_) {
    if (records.queues[queue].version > held.record.version) lost.push_back(queue);
  }
  for (const std::size_t queue : lost) lose(queue);
}

std::vector<std::optional<std::size_t>> QueueSharing::plan(const ShareRecords& records) const {
  std::vector<std::optional<std::size_t>> owners;
  for (const QueueRecord& queue : records.queues) {
    const auto found = records.members.find(queue.instance);
    if (found == records.members.end() || queue.version == 0) {
      owners.emplace_back();
    } else {
      owners.emplace_back(static_cast<std::size_t>(std::distance(records.members.begin(), found)));
    }
  }
  return plan_queues(records.members.size(), owners);
}

Result<void> QueueSharing::follow_plan(const ShareRecords& records) {
  const auto plan = this->plan(records);
  const auto us =
      static_cast<std::size_t>(std::distance(records.members.begin(), records.members.find(spec_.instance)));
  std::vector<std::size_t> wanted;
  for (std::size_t queue = 0; queue < plan.size(); ++queue) {
    const bool is_ours = plan[queue] == us;
    const QueueRecord& record = records.queues[queue];
    if (const auto held = held_.find(queue); held != held_.end()) {
      if (!is_ours && !is_blocked_ && !std::exchange(held->second.asked_back, true)) {
        spec_.tell({{.kind = ShareOrder::Kind::give_up, .queue = queue, .connection = *connection_}});
      }
      continue;
    }
    const auto owner = records.members.find(record.instance);
    const bool is_had = record.held && owner != records.members.end() && owner->second.life == record.life;
    // What we had on an earlier connection is taken back even if it is to go on to another one: what is known of it
    // is known here.
    const bool was_ours = record.held && record.life == spec_.life;
    if (was_ours || (is_ours && !is_had)) wanted.push_back(queue);
  }
  return wanted.empty() ? Result<void>{} : take(wanted, records);
}

// Those whose records nobody else changed meanwhile.
Result<void> QueueSharing::take(const std::vector<std::size_t>& queues, const ShareRecords& records) {
  std::vector<QueueRecord> ours;
  std::vector<RecordChange> changes;
  for (const std::size_t queue : queues) {
    ours.push_back({.instance = spec_.instance,
                    .life = spec_.life,
                    .slot = next_slot_++,
                    .prefetch = std::max(spec_.prefetch, records.queues[queue].prefetch),
                    .held = true});
    changes.push_back({.key = queue_key(spec_.name, queue),
                       .value = text_of(ours.back()),
                       .expected = records.queues[queue].version});
  }
  Result<void> done;
  std::vector<ShareOrder> orders;
  const RecordVersions versions = is_blocked_ ? RecordVersions{} : put(changes);
  for (std::size_t i = 0; i < queues.size(); ++i) {
    if (is_blocked_) {
      ours[i].version = changes[i].expected;
    } else if (versions[i]) {
      ours[i].version = *versions[i];
    } else {
      done = versions[i].error();
      continue;
    }
    orders.push_back(take_over(queues[i], ours[i], records));
  }
  spec_.tell(std::move(orders));
  return done;
}

// Its record says that it is ours, or will.
ShareOrder QueueSharing::take_over(std::size_t queue, const QueueRecord& record, const ShareRecords& records) {
  held_.emplace(queue, Held{.record = record, .is_noted = !is_blocked_});
  const QueueRecord& before = records.queues[queue];
  ShareOrder order{.kind = ShareOrder::Kind::take,
                   .queue = queue,
                   .connection = *connection_,
                   .slot = record.slot,
                   .prefetch = record.prefetch,
                   .suspects = suspects_after(before),
                   .trials = trials_->of_queue(queue)};  // what the one before noted is read: our own came after it
  forget_board(before, records);
  return order;
}

QueueSuspects QueueSharing::suspects_after(const QueueRecord& before) const {
  using Are = QueueSuspects::Are;
  if (!before.held) return {.are = before.suspects ? Are::all : Are::none};
  if (before.life == spec_.life) return {.are = Are::before};
  std::optional<std::set<std::int64_t>> places;
  if (before.instance == spec_.instance && spec_.board != nullptr) {
    places = spec_.board->left_by(before.life, before.slot);
  } else {
    places = transport::left_on_board(spec_.board_of(before.instance), before.life, before.slot);
  }
  if (!places) return {.are = Are::all};
  return {.are = Are::these, .places = *std::move(places)};
}

// Of one that died: nobody needs it once all that it had is somebody's.
void QueueSharing::forget_board(const QueueRecord& of, const ShareRecords& records) const {
  if (!of.held || of.instance == spec_.instance) return;
  for (std::size_t queue = 0; queue < records.queues.size(); ++queue) {
    if (records.queues[queue].held && records.queues[queue].life == of.life && !held_.contains(queue)) return;
  }
  transport::forget_board(spec_.board_of(of.instance), of.life);
}

Result<void> QueueSharing::look(const ShareRecords& records) {
  const Time now = executor_.now();
  // When we were away, so were they: who comes back has time for it.
  if (now < look_at_ || now < connected_at_ + kReturnWithin) return {};
  look_at_ = now + kLookEvery;
  auto next = records.members.upper_bound(spec_.instance);
  for (std::size_t i = 0; i < records.members.size(); ++i, ++next) {
    if (next == records.members.end()) next = records.members.begin();
    if (next->first == spec_.instance) return {};
    const auto there = spec_.is_there(next->first);
    if (!there && there.error().kind == ErrorKind::unavailable) return {};  // nobody is judged then
    if (!there) return there.error();
    if (*there) return {};
    if (is_blocked_) {
      gone_[next->first] = next->second.life;
      bell_->ring();
      continue;
    }
    const auto erased =
        put({.key = member_key(spec_.name, next->first), .value = {}, .expected = next->second.version});
    if (!erased) return erased.error();
    bell_->ring();
  }
  return {};
}

}  // namespace tidings::rabbitmq
