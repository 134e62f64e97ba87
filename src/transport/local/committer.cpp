#include "transport/local/committer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/flaw.hpp"
#include "tidings/transport/transport.hpp"
#include "transport/local/limits.hpp"
#include "transport/local/record_codec.hpp"
#include "transport/local/topic_stats.hpp"

namespace tidings::local {

namespace {

// How long the writer waits for the gate at once; then it looks whether it should stop.
constexpr Duration kGateSlice = 100ms;

Error not_begun() {
  return unavailable(
      "the change was not begun in time: the store's writer is busy or stopped (`tidings doctor`); "
      "try again");
}

class FunctionOp final : public CommitOp {
 public:
  FunctionOp(std::function<Result<void>(Commit&)> change, Executor& executor, Duration within)
      : change_{std::move(change)}, executor_{executor}, deadline_{executor.now() + within} {}

  void apply(Commit& commit) override { result_ = change_(commit); }
  void finish(const Result<void>& outcome) override {
    const std::lock_guard lock{mutex_};
    if (!outcome) result_ = outcome;
    done_ = true;
    changed_->notify_all();
  }
  Time deadline() const override { return deadline_; }

  Result<void> wait() {
    std::unique_lock lock{mutex_};
    changed_->wait_until(lock, kNever, executor_, [this] { return done_; });
    return result_;
  }

 private:
  const std::function<Result<void>(Commit&)> change_;
  Executor& executor_;
  const Time deadline_;
  std::mutex mutex_;
  const std::unique_ptr<Condition> changed_ = executor_.condition();
  Result<void> result_;
  bool done_ = false;
};

}  // namespace

Commit::Commit(WriteTransaction& transaction, SpaceWatch& space, Time now)
    : transaction_{transaction}, space_{space}, now_{now} {}

Result<void> Commit::room_for(Room room, std::size_t bytes) {
  auto granted = space_.room_for(transaction_, room, bytes, now_);
  if (space_.take_refused()) announce(kRoomWanted);
  return granted;
}

void Commit::load_last() {
  if (loaded_) return;
  loaded_ = true;
  TreeCursor newest{transaction_, Tree::events};
  if (!newest.last()) return;
  last_sequence_ = newest.sequence();
  if (const auto header = decode_header(newest.value())) last_published_ = header->published;
}

std::uint64_t Commit::append(Bytes stored) {
  load_last();
  char* room = transaction_.append_event(last_sequence_ + 1, stored.size());
  if (room == nullptr) return 0;
  std::memcpy(room, stored.data(), stored.size());
  // Never back in time: a point in time is looked up by halving the sequence.
  last_published_ = std::max(last_published_, now_);
  stamp(room, last_published_);
  count(place_of(stored).topic, stored.size());
  announce(kEventsChanged);
  return ++last_sequence_;
}

std::uint64_t Commit::last_sequence() {
  load_last();
  return last_sequence_;
}

void Commit::count(std::uint32_t topic, std::size_t bytes) {
  const auto is_it = [topic](const Stats& stats) { return stats.topic == topic; };
  auto found = std::find_if(stats_.begin(), stats_.end(), is_it);
  if (found == stats_.end()) found = stats_.insert(found, Stats{.topic = topic});
  ++found->records;
  found->bytes += static_cast<std::int64_t>(bytes);
}

void Commit::at_end(std::shared_ptr<AtCommitEnd> writer) {
  if (std::find(ends_.begin(), ends_.end(), writer) == ends_.end()) ends_.push_back(std::move(writer));
}

void Commit::write_ends() {
  for (const auto& writer : ends_) writer->write(*this);
  for (const Stats& added : stats_) change_stats(transaction_, added.topic, added.records, added.bytes);
}

Committer::Committer(CommitterParts parts)
    : parts_{std::move(parts)}, work_{parts_.executor->condition()}, complete_{parts_.executor->condition()} {
  writer_ = parts_.executor->spawn("local-commit", [this] { write_loop(); });
  caller_ = parts_.executor->spawn("local-confirm", [this] { call_loop(); });
}

Committer::~Committer() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    stop_by_ = parts_.executor->now() + transport::kCloseWithin;
    work_->notify_all();
  }
  writer_.reset();
  {
    const std::lock_guard lock{mutex_};
    written_ = true;
    complete_->notify_all();
  }
  caller_.reset();
}

void Committer::submit(std::shared_ptr<CommitOp> op) {
  {
    const std::lock_guard lock{mutex_};
    if (queue_.size() < kQueueOpsMax && !stopping_) {
      if (op->deadline() < expiry_check_) {
        expiry_check_ = op->deadline();
        complete_->notify_all();
      }
      queue_.push_back(std::move(op));
      work_->notify_all();
      return;
    }
  }
  op->finish(overloaded(fmt::format("{} changes wait for the store's writer already; try again", kQueueOpsMax)));
}

Result<void> Committer::perform(std::function<Result<void>(Commit&)> change, Duration within) {
  const auto op = std::make_shared<FunctionOp>(std::move(change), *parts_.executor, within);
  submit(op);
  return op->wait();
}

void Committer::write_loop() {
  std::unique_lock lock{mutex_};
  for (;;) {
    work_->wait_until(lock, kNever, *parts_.executor, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty() || parts_.executor->now() >= stop_by_) break;
    lock.unlock();
    write_once();
    lock.lock();
  }
  const Ops refused{queue_.begin(), queue_.end()};
  queue_.clear();
  lock.unlock();
  finish(refused, unavailable("the transport was closed before the change was written"));
}

void Committer::write_once() {
  if (!parts_.wake->enter_gate(kGateSlice)) return;
  // What waits is taken only now: what could not get here in time was refused where it waited.
  Ops ops;
  Result<void> outcome;
  {
    WriteTransaction transaction{*parts_.environment};
    ops = take();
    outcome = write(ops, transaction);
  }
  parts_.wake->leave_gate();
  if (!flawed(Flaw::local_confirms_early)) finish(ops, outcome);
}

Committer::Ops Committer::take() {
  const std::lock_guard lock{mutex_};
  Ops ops;
  std::size_t bytes = 0;
  while (!queue_.empty() && ops.size() < kCommitOpsMax && bytes < kCommitBytesMax) {
    bytes += queue_.front()->bytes();
    ops.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return ops;
}

Result<void> Committer::write(const Ops& ops, WriteTransaction& transaction) {
  Commit commit{transaction, *parts_.space, parts_.executor->now()};
  for (const auto& op : ops) op->apply(commit);
  commit.write_ends();
  for (const auto& op : ops) {
    if (flawed(Flaw::local_confirms_early)) op->finish({});
  }
  if (const int code = parts_.faults->at("before_commit"); code != 0) return store_error(code, "committing");
  auto outcome = transaction.commit();
  parts_.faults->at("after_commit");
  if (outcome && commit.announced() != 0) parts_.wake->ring(commit.announced());
  return outcome;
}

void Committer::finish(const Ops& ops, const Result<void>& outcome) {
  bool calls = false;
  for (const auto& op : ops) {
    if (!op->calls_out()) {
      op->finish(outcome);
      continue;
    }
    const std::lock_guard lock{mutex_};
    completed_.push_back({op, outcome});
    calls = true;
  }
  if (!calls) return;
  const std::lock_guard lock{mutex_};
  complete_->notify_all();
}

void Committer::call_loop() {
  std::unique_lock lock{mutex_};
  for (;;) {
    const Time until = expiry_check_;
    complete_->wait_until(lock, until, *parts_.executor,
                          [&] { return written_ || !completed_.empty() || expiry_check_ < until; });
    const bool last = written_;
    std::vector<Completed> completed = std::exchange(completed_, {});
    for (auto& op : take_expired()) completed.push_back({std::move(op), not_begun()});
    lock.unlock();
    for (const Completed& each : completed) each.op->finish(each.outcome);
    completed.clear();
    lock.lock();
    if (last && completed_.empty()) return;
  }
}

Committer::Ops Committer::take_expired() {
  const Time now = parts_.executor->now();
  if (now < expiry_check_) return {};
  Ops expired;
  std::deque<std::shared_ptr<CommitOp>> waiting;
  for (auto& op : queue_) {
    if (op->deadline() <= now) {
      expired.push_back(std::move(op));
    } else {
      waiting.push_back(std::move(op));
    }
  }
  queue_ = std::move(waiting);
  expiry_check_ = next_expiry();
  return expired;
}

Time Committer::next_expiry() const {
  Time next = kNever;
  for (const auto& op : queue_) next = std::min(next, op->deadline());
  return next;
}

}  // namespace tidings::local
