#include "transport/rabbitmq/consume/queue_sharing.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "transport/rabbitmq/consume/queue_plan.hpp"
#include "transport/rabbitmq/link/rabbitmq_limits.hpp"

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
  begun->wait(
      *bell_, [] { return false; }, executor_.now() + kLeaveWithin);
  return std::ranges::all_of(
      begun->versions(), [](const auto& version) { return version || version.error().kind == ErrorKind::conflict; });
}

// Waits until all are answered, or we end.
RecordVersions QueueSharing::put(const std::vector<RecordChange>& changes) {
  const auto begun = RecordChanges::begin(*log_, bell_, changes);
  begun->wait(*bell_, [this] { return stopping_.load(); });
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
    const bool done = !connection_ || step() == Step::done;
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

QueueSharing::Step QueueSharing::step() {
  // Known once something was sent: what has to be noted is not answered then, and this is done again.
  const auto came_to = log_->is_blocked() ? do_without_records() : share();
  if (came_to) return *came_to;
  if (came_to.error().kind != ErrorKind::conflict) spec_.trouble(came_to.error());
  return Step::again;
}

Result<QueueSharing::Step> QueueSharing::share() {
  if (auto announced = announce_late(); !announced) return announced.error();
  auto records = read();
  if (!records) return records.error();
  compare(*records);
  if (auto done = announce(*records); !done) return done.error();
  if (auto done = let_go(); !done) return done.error();
  const auto noted = note_taken();
  if (!noted || *noted == Step::again) return noted;  // the plan is made of what is read
  if (auto done = follow_plan(*records); !done) return done.error();
  if (auto done = look(*records); !done) return done.error();
  return Step::done;
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

// Who may not read what it reads gives all of it up.
Result<void> QueueSharing::announce_late() {
  if (!spec_.announce || is_announced_) return {};
  const auto announced = spec_.announce();
  is_announced_ = static_cast<bool>(announced);
  if (announced || announced.error().kind == ErrorKind::unavailable) return announced;
  while (!held_.empty()) lose(held_.begin()->first);
  return announced;
}

// Also again, when another one took us for dead.
Result<void> QueueSharing::announce(ShareRecords& records) {
  MemberRecord& ours = records.members[spec_.instance];
  if (ours.life == spec_.life) {
    announced_ = ours.version;
    return {};
  }
  ours.life = spec_.life;
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
  while (!releases_.empty()) {
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

void QueueSharing::lose(std::size_t queue) {
  held_.erase(queue);
  spec_.tell({{.kind = ShareOrder::Kind::lose, .queue = queue, .connection = *connection_}});
}

// What is noted of that which we have. What we noted ourselves, and had no answer to, is ours still.
void QueueSharing::compare(const ShareRecords& records) {
  std::vector<std::size_t> lost;
  for (auto& [queue, held] : held_) {
    const QueueRecord& now = records.queues[queue];
    if (now.version <= held.record.version) continue;
    if (now.life != spec_.life) lost.push_back(queue);
    held.is_noted = false;
    held.record.version = now.version;
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
      if (!is_ours && executor_.now() >= give_up_not_before_ && !std::exchange(held->second.asked_back, true)) {
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
  const RecordVersions versions = put(changes);
  for (std::size_t i = 0; i < queues.size(); ++i) {
    if (!versions[i]) {
      done = versions[i].error();
      continue;
    }
    ours[i].version = *versions[i];
    const QueueRecord& before = records.queues[queues[i]];
    held_.emplace(queues[i], Held{.record = ours[i]});
    orders.push_back(order_of(queues[i], ours[i], suspects_after(before)));
    forget_board(before, records);
  }
  spec_.tell(std::move(orders));
  return done;
}

ShareOrder QueueSharing::order_of(std::size_t queue, const QueueRecord& record, QueueSuspects suspects) const {
  return {.kind = ShareOrder::Kind::take,
          .queue = queue,
          .connection = *connection_,
          .slot = record.slot,
          .prefetch = record.prefetch,
          .suspects = std::move(suspects),
          .trials = trials_->of_queue(queue)};  // what the one before noted is read: our own came after it
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
    const auto erased =
        put({.key = member_key(spec_.name, next->first), .value = {}, .expected = next->second.version});
    if (!erased) return erased.error();
    bell_->ring();
  }
  return {};
}

}  // namespace tidings::rabbitmq
