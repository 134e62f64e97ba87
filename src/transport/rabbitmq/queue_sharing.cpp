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

void QueueSharing::leave(const std::set<std::size_t>& suspects) {
  stopping_ = true;
  bell_->ring();
  thread_.reset();
  adopt_connection();
  std::set<std::size_t> suspected = suspects;
  for (const Release& release : releases_) {
    if (release.suspects) suspected.insert(release.queue);
  }
  const auto answered = std::make_shared<transport::Bell>(executor_);
  const Time deadline = executor_.now() + kLeaveWithin;
  const auto answer = [answered](const Result<std::uint64_t>&) { answered->ring(); };
  std::uint64_t asked = 0;
  for (const auto& [queue, held] : held_) {
    log_->put_async(ControlSpace::driver, queue_key(spec_.name, queue),
                    text_of(left(held.record, suspected.contains(queue))), {.expected = held.record.version}, answer);
    ++asked;
  }
  // Last: the others act on it, and see what was left then. Not that of another process of our name.
  if (announced_ != 0) {
    log_->put_async(ControlSpace::driver, member_key(spec_.name, spec_.instance), std::nullopt,
                    {.expected = announced_}, answer);
    ++asked;
  }
  while (answered->rings() < asked && executor_.now() < deadline) answered->wait(answered->rings(), deadline);
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
  auto done = records ? announce(*records) : Result<void>{records.error()};
  if (done) done = let_go();
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
  if (!records) {  // it is read for the first time, or anew: what is there yet is no basis
    auto list = log_->list(ControlSpace::driver, prefix);
    if (!list) return list.error();
    records = *std::move(list);
  }
  return share_records(spec_.name, spec_.queues, *records);
}

// Also again, when another one took us for dead.
Result<void> QueueSharing::announce(ShareRecords& records) {
  MemberRecord& ours = records.members[spec_.instance];
  if (ours.life == spec_.life) return {};
  ours.life = spec_.life;
  const auto put = log_->put(ControlSpace::driver, member_key(spec_.name, spec_.instance), text_of(ours), {});
  if (!put) return put.error();
  announced_ = *put;
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
    const auto held = held_.find(release.queue);
    if (held != held_.end()) {
      const auto put =
          log_->put(ControlSpace::driver, queue_key(spec_.name, release.queue),
                    text_of(left(held->second.record, release.suspects)), {.expected = held->second.record.version});
      if (!put && put.error().kind != ErrorKind::conflict) return put.error();
      held_.erase(held);
    }
    releases_.pop_back();
  }
  return {};
}

void QueueSharing::notice_losses(const ShareRecords& records) {
  std::erase_if(held_, [&](const auto& entry) {
    const auto& [queue, held] = entry;
    const QueueRecord& now = records.queues[queue];
    if (now.version <= held.record.version) return false;
    spec_.tell({{.kind = ShareOrder::Kind::lose, .queue = queue, .connection = *connection_}});
    return true;
  });
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
      if (!is_ours && !std::exchange(held->second.asked_back, true)) {
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
  std::map<std::size_t, QueueRecord> ours;
  for (const std::size_t queue : queues) {
    ours[queue] = {.instance = spec_.instance,
                   .life = spec_.life,
                   .slot = next_slot_++,
                   .prefetch = std::max(spec_.prefetch, records.queues[queue].prefetch),
                   .held = true};
  }
  const auto done = put_all(ours, records);
  std::vector<ShareOrder> orders;
  for (const std::size_t queue : queues) {
    if (ours[queue].version == 0) continue;
    held_.emplace(queue, Held{.record = ours[queue]});
    const QueueRecord& before = records.queues[queue];
    orders.push_back({.kind = ShareOrder::Kind::take,
                      .queue = queue,
                      .connection = *connection_,
                      .slot = ours[queue].slot,
                      .prefetch = ours[queue].prefetch,
                      .suspects = suspects_after(before),
                      .trials = trials_->of_queue(queue)});  // what the one before noted is read: our own came after it
    forget_board(before, records);
  }
  spec_.tell(std::move(orders));
  return done;
}

// Each at the version that was read; those that counted know theirs then.
Result<void> QueueSharing::put_all(std::map<std::size_t, QueueRecord>& ours, const ShareRecords& records) {
  struct Answers {
    std::mutex mutex;
    std::map<std::size_t, Result<std::uint64_t>> versions;
  };
  const auto answers = std::make_shared<Answers>();
  const auto answered = std::make_shared<transport::Bell>(executor_);
  for (const auto& [queue, record] : ours) {
    log_->put_async(ControlSpace::driver, queue_key(spec_.name, queue), text_of(record),
                    {.expected = records.queues[queue].version},
                    [answers, answered, queue = queue](Result<std::uint64_t> version) {
                      const std::lock_guard lock{answers->mutex};
                      answers->versions.emplace(queue, std::move(version));
                      answered->ring();
                    });
  }
  while (answered->rings() < ours.size()) answered->wait(answered->rings(), kNever);  // each is, in kRequestWithin
  Result<void> done;
  const std::lock_guard lock{answers->mutex};
  for (auto& [queue, version] : answers->versions) {
    if (version) {
      ours[queue].version = *version;
    } else {
      done = version.error();
    }
  }
  return done;
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
    if (!there) return there.error();
    if (*there) return {};
    const auto erased = log_->put(ControlSpace::driver, member_key(spec_.name, next->first), std::nullopt,
                                  {.expected = next->second.version});
    if (!erased) return erased.error();
    bell_->ring();
  }
  return {};
}

}  // namespace tidings::rabbitmq
