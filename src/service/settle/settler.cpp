#include "service/settle/settler.hpp"

#include <algorithm>
#include <iterator>

#include "base/flaw.hpp"
#include "transport/bounded_text.hpp"

namespace tidings::service {

namespace {

constexpr Duration kPauseFirst = std::chrono::milliseconds{10};
constexpr Duration kPauseMost = std::chrono::seconds{1};

std::size_t bytes_of(const Settling& settling) {
  std::size_t bytes = 0;
  for (const transport::Record& record : settling.publishes) bytes += transport::size_of(record);
  return bytes;
}

std::size_t bytes_of(const std::vector<SettlingPtr>& settlings) {
  std::size_t bytes = 0;
  for (const SettlingPtr& settling : settlings) bytes += bytes_of(*settling);
  return bytes;
}

// What its handler published cannot be published, ever: the event becomes a dead letter instead.
void bury_instead(Settling& settling, const Error& error) {
  settling.verdict = {.step = Step::buried,
                      .reason = Reason::rejected,
                      .outcome = transport::Bury{.reason = std::string{to_string(Reason::rejected)},
                                                 .error = transport::bounded_text(error.message),
                                                 .attempts = settling.delivery.attempts},
                      .error = error};
  settling.publishes.clear();
  settling.confirms = false;
}

}  // namespace

Settler::Settler(std::shared_ptr<Executor> executor, transport::Consumer& consumer, const SubscriptionPlan& plan,
                 const Announcer& announcer, Health& health, Blanks& blanks)
    : executor_{std::move(executor)},
      consumer_{consumer},
      plan_{plan},
      announcer_{announcer},
      health_{health},
      blanks_{blanks},
      backoff_{kPauseFirst, kPauseMost},
      changed_{executor_->condition()} {}

Settler::~Settler() {
  close();
}

void Settler::start() {
  thread_ = executor_->spawn("settler", [this] { run(); });
}

void Settler::add(SettlingPtr settling) {
  std::unique_lock lock{mutex_};
  while (is_full() && !closed_) changed_->wait_until(lock, kNever);
  if (closed_) return;
  bytes_ += bytes_of(*settling);
  queue_.push_back(std::move(settling));
  tell();
}

void Settler::add(std::vector<SettlingPtr> settlings) {
  push(std::move(settlings), Room::wait);
}

void Settler::push(std::vector<SettlingPtr> settlings, Room room) {
  if (settlings.empty()) return;
  std::unique_lock lock{mutex_};
  while (room == Room::wait && is_full() && !closed_) changed_->wait_until(lock, kNever);
  if (closed_) return;
  bytes_ += bytes_of(settlings);
  std::ranges::move(settlings, std::back_inserter(queue_));
  tell();
}

void Settler::tell() {
  if (!waiting_ && (!napping_ || is_small())) return;
  waiting_ = napping_ = false;  // once is enough
  changed_->notify_all();
}

bool Settler::is_small() const {
  const std::size_t large = std::min(kSettleBatchMax, plan_.spec.in_flight_max / kLargePartOfFlight);
  return queue_.size() < large && hurried_ == 0 && !closed_;
}

void Settler::release(std::vector<transport::Delivery> deliveries) {
  std::vector<SettlingPtr> settlings;
  settlings.reserve(deliveries.size());
  for (transport::Delivery& delivery : deliveries) {
    settlings.push_back(released(std::move(delivery)));
    if (flawed(Flaw::drain_settles_waiting)) settlings.back()->verdict.outcome = transport::Accept{};
  }
  push(std::move(settlings), Room::none);
}

bool Settler::mark(const transport::Delivery& delivery) {
  if (flawed(Flaw::suspect_unmarked)) return true;
  {
    const std::lock_guard lock{mutex_};
    if (closed_) return false;
    ++marking_;
  }
  Backoff backoff{kPauseFirst, kPauseMost};
  bool marked = false;
  bool again = true;
  while (again && !closed()) {
    const auto outcome =
        settle_now(consumer_, *executor_, {{.token = delivery.token, .outcome = pipeline::mark(delivery)}}).front();
    marked = !!outcome;
    again = !marked && can_be_tried_again(outcome.error());
    if (again) health_.trouble(Health::Part::settle, outcome.error());
    if (again) pause(backoff.next());
  }
  const std::lock_guard lock{mutex_};
  --marking_;
  changed_->notify_all();
  return marked;
}

void Settler::run() {
  Lock lock{mutex_};
  while (true) {
    if (!under_way_.empty() && under_way_.front()->answered) {
      conclude_first(lock);
    } else if (under_way_.empty() && closed_) {
      return;
    } else if (under_way_.empty() && !again_.empty()) {
      try_again(lock);
    } else if (may_send()) {
      const Time next = sent_at_ + kSettleApart, now = executor_->now();
      if (is_small() && now < next && now >= sent_at_) {  // unless the clock was set back
        napping_ = true;
        changed_->wait_until(lock, next);
        napping_ = false;
      } else {
        send_next(lock);
      }
    } else {
      waiting_ = true;
      changed_->wait_until(lock, kNever);
      waiting_ = false;
    }
  }
}

bool Settler::publishing() const {
  if (flawed(Flaw::outputs_overtake)) return false;
  return std::ranges::any_of(under_way_, [](const auto& batch) { return batch->publishes; });
}

// For the answer to what is under way.
bool Settler::must_wait(const Settling& settling) const {
  if (retrying_.contains(settling.delivery.token) && !flawed(Flaw::settlements_overtake)) return true;
  return !settling.publishes.empty() && publishing();
}

bool Settler::may_send() const {
  if (closed_ || !again_.empty() || queue_.empty() || under_way_.size() >= kBatchesUnderWayMax) return false;
  return !must_wait(*queue_.front());
}

void Settler::send_next(Lock& lock) {
  const auto batch = std::make_shared<Batch>();
  while (!queue_.empty() && batch->settlings.size() < kSettleBatchMax && !must_wait(*queue_.front())) {
    const Settling& next = *queue_.front();
    batch->publishes |= !next.publishes.empty();
    if (holds(next.verdict)) retrying_.insert(next.delivery.token);
    batch->settlings.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  under_way_.push_back(batch);
  sent_at_ = executor_->now();
  lock.unlock();
  send(batch);
  lock.lock();
}

void Settler::send(const std::shared_ptr<Batch>& batch) {
  std::vector<transport::Settlement> settlements;
  settlements.reserve(batch->settlings.size());
  for (const SettlingPtr& settling : batch->settlings) {
    settlements.push_back(
        {.token = settling->delivery.token, .outcome = settling->verdict.outcome, .publishes = settling->publishes});
  }
  batch->outcomes.resize(settlements.size());
  batch->outstanding = settlements.size();
  consumer_.settle(std::move(settlements), [this, batch](std::size_t index, Result<void> outcome) {
    batch->outcomes[index] = std::move(outcome);
    if (--batch->outstanding > 0) return;
    const std::lock_guard lock{mutex_};
    batch->answered = true;
    if (waiting_) changed_->notify_all();
  });
}

void Settler::conclude_first(Lock& lock) {
  const std::shared_ptr<Batch> batch = under_way_.front();
  lock.unlock();
  std::size_t bytes = bytes_of(batch->settlings);
  std::vector<std::uint64_t> retried;
  for (const SettlingPtr& settling : batch->settlings) {
    if (holds(settling->verdict)) retried.push_back(settling->delivery.token);
  }
  std::vector<SettlingPtr> again = conclude(*batch);
  bytes -= bytes_of(again);
  lock.lock();
  under_way_.pop_front();
  for (const std::uint64_t token : retried) retrying_.erase(token);
  bytes_ -= bytes;
  std::ranges::move(again, std::back_inserter(again_));
  if (again_.empty()) {
    backoff_.reset();
    health_.well(Health::Part::settle);
  }
  changed_->notify_all();
}

// Returns what must be tried again, in order.
std::vector<SettlingPtr> Settler::conclude(Batch& batch) {
  std::vector<SettlingPtr> again, done;
  done.reserve(batch.settlings.size());
  for (std::size_t i = 0; i < batch.settlings.size(); ++i) {
    const bool over = conclude(*batch.settlings[i], batch.outcomes[i]);
    (over ? done : again).push_back(std::move(batch.settlings[i]));
  }
  blanks_.give_back(done);
  return again;
}

void Settler::try_again(Lock& lock) {
  queue_.insert(queue_.begin(), std::make_move_iterator(again_.begin()), std::make_move_iterator(again_.end()));
  again_.clear();
  const Duration wait = backoff_.next();
  lock.unlock();
  pause(wait);
  lock.lock();
}

// Whether it is over with it.
bool Settler::conclude(Settling& settling, const Result<void>& outcome) {
  if (outcome) {
    if (settling.confirms) plan_.inbox->confirmed(plan_.spec.group, settling.envelope.id, settling.delivery.replay_id);
    announcer_.announce(settling);
    return true;
  }
  if (outcome.error().kind == ErrorKind::conflict) {
    settling.verdict.step = Step::refused;
    settling.verdict.error = outcome.error();
    announcer_.announce(settling);
    return true;
  }
  health_.trouble(Health::Part::settle, outcome.error());
  if (flawed(Flaw::settlement_tried_once)) return true;
  return !can_be_tried_again(outcome.error()) && give_up(settling, outcome.error());
}

// Whether it is given up: after what its handler published, for that may be all that is wrong, and many tries.
bool Settler::give_up(Settling& settling, const Error& error) {
  if (!settling.publishes.empty()) {
    bury_instead(settling, error);
    return false;
  }
  if (++settling.refusals < kRefusalsMax) return false;
  settling.verdict.step = Step::unsettled;
  settling.verdict.error = error;
  health_.trouble(Health::Part::unsettled, error);
  announcer_.announce(settling);
  return true;
}

bool Settler::pause(Duration duration) {
  std::unique_lock lock{mutex_};
  const Time until = executor_->now() + duration;
  return !changed_->wait_until(lock, until, *executor_, [this] { return closed_; });
}

bool Settler::closed() const {
  const std::lock_guard lock{mutex_};
  return closed_;
}

// Under the mutex.
void Settler::begin_hurry() {
  ++hurried_;
  if (napping_) changed_->notify_all();
}

void Settler::wait_settled() {
  if (flawed(Flaw::suspect_left_unsettled)) return;
  std::unique_lock lock{mutex_};
  begin_hurry();
  while (!is_idle() && !closed_) changed_->wait_until(lock, kNever);
  --hurried_;
}

bool Settler::wait_idle(const Countdown& left) {
  std::unique_lock lock{mutex_};
  begin_hurry();
  const bool idle = wait_until(*changed_, lock, left, [this] { return is_idle(); });
  --hurried_;
  return idle;
}

void Settler::close() {
  {
    std::unique_lock lock{mutex_};
    closed_ = true;
    changed_->notify_all();
    while (marking_ > 0) changed_->wait_until(lock, kNever);
  }
  thread_.reset();
}

}  // namespace tidings::service
