#include "transport/local/store/committer.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <mutex>

#include "base/flaw.hpp"
#include "tidings/transport/transport.hpp"
#include "transport/local/storage/limits.hpp"
#include "transport/local/storage/process_name.hpp"
#include "transport/local/storage/writer_holder.hpp"
#include "transport/local/store/gathering.hpp"

namespace tidings::local {

namespace {

// How long the writer waits for the gate at once; then it looks whether it should stop.
constexpr Duration kGateSlice = 100ms;

// Inside the gate nobody of us has LMDB's lock: who does not get it in this time waits for a process of another kind.
constexpr Duration kLockPatience = 1s;

enum class Kind { change, upkeep };

class FunctionOp final : public CommitOp {
 public:
  FunctionOp(std::function<Result<void>(Commit&)> change, Executor& executor, Duration within, Kind kind)
      : change_{std::move(change)}, executor_{executor}, deadline_{executor.now() + within}, kind_{kind} {}

  void apply(Commit& commit) override { result_ = change_(commit); }
  void finish(const Result<void>& outcome) override {
    const std::lock_guard lock{mutex_};
    if (!outcome) result_ = outcome;
    done_ = true;
    changed_->notify_all();
  }
  bool is_upkeep() const override { return kind_ == Kind::upkeep; }
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
  const Kind kind_;
  std::mutex mutex_;
  const std::unique_ptr<Condition> changed_ = executor_.condition();
  Result<void> result_;
  bool done_ = false;
};

Error closed() {
  return unavailable("the transport was closed before the change was written");
}

}  // namespace

// What both threads and the committer share: a writer that is left behind keeps it.
class Committer::Writer final : public std::enable_shared_from_this<Writer> {
 public:
  explicit Writer(CommitterParts parts);

  void start();
  void submit(std::shared_ptr<CommitOp> op);
  Executor& executor() const { return *parts_.executor; }
  void close();

 private:
  using Ops = std::vector<std::shared_ptr<CommitOp>>;
  struct Completed {
    std::shared_ptr<CommitOp> op;
    Result<void> outcome;
  };

  void write_loop();
  void gather(std::unique_lock<std::mutex>& lock);
  void write_once();
  void await_lock();
  Ops take();
  Result<void> write(const Ops& ops, WriteTransaction& transaction);
  void finish(const Ops& ops, const Result<void>& outcome);
  Time leave_behind_at() const;

  void call_loop();
  Ops take_if(const std::function<bool(const CommitOp&)>& wanted);
  Ops take_expired();
  Error not_begun() const;

  const CommitterParts parts_;
  mutable std::mutex mutex_;
  const std::unique_ptr<Condition> work_;      // for the writer
  const std::unique_ptr<Condition> complete_;  // for the caller-back
  const std::unique_ptr<Condition> ended_;     // for who closes
  std::deque<std::shared_ptr<CommitOp>> queue_;
  Gathering gathering_;
  std::size_t wanted_ = 1;  // the writer is woken when so many changes wait
  std::vector<Completed> completed_;
  Time expiry_check_ = kNever;  // when the caller-back looks for expired operations next
  Time stop_by_ = kNever;
  bool stopping_ = false;
  bool awaits_lock_ = false;  // the writer is inside the gate, and LMDB has not let it in yet
  Time awaits_since_{};
  bool writer_ended_ = false;
  bool written_ = false;  // nothing is written any more
  std::unique_ptr<Thread> writer_;
  std::unique_ptr<Thread> caller_;
};

Committer::Writer::Writer(CommitterParts parts)
    : parts_{std::move(parts)},
      work_{parts_.executor->condition()},
      complete_{parts_.executor->condition()},
      ended_{parts_.executor->condition()} {}

void Committer::Writer::start() {
  writer_ = parts_.executor->spawn("local-commit", [self = shared_from_this()] { self->write_loop(); });
  caller_ = parts_.executor->spawn("local-confirm", [this] { call_loop(); });
}

void Committer::Writer::close() {
  Ops upkeep;
  {
    const std::lock_guard lock{mutex_};
    if (stopping_) return;
    stopping_ = true;
    stop_by_ = parts_.executor->now() + transport::kCloseWithin;
    upkeep = take_if([](const CommitOp& op) { return op.is_upkeep(); });
    work_->notify_all();
  }
  finish(upkeep, closed());
  std::unique_lock lock{mutex_};
  while (!writer_ended_ && parts_.executor->now() < leave_behind_at()) ended_->wait_until(lock, leave_behind_at());
  const bool ended = writer_ended_;
  const Ops refused = take_if([](const CommitOp&) { return true; });
  lock.unlock();
  if (ended) writer_.reset();
  finish(refused, closed());
  lock.lock();
  written_ = true;
  complete_->notify_all();
  lock.unlock();
  caller_.reset();
}

// Until when the writer is waited for: it ends by itself, unless LMDB's lock keeps it.
Time Committer::Writer::leave_behind_at() const {
  if (!awaits_lock_) return kNever;
  return std::max(awaits_since_ + kLockPatience, queue_.empty() ? Time{} : stop_by_);
}

void Committer::Writer::submit(std::shared_ptr<CommitOp> op) {
  bool stopping = false;
  {
    const std::lock_guard lock{mutex_};
    stopping = stopping_;
    if (queue_.size() < kQueueOpsMax && !stopping) {
      if (op->deadline() < expiry_check_) {
        expiry_check_ = op->deadline();
        complete_->notify_all();
      }
      queue_.push_back(std::move(op));
      if (queue_.size() >= wanted_) work_->notify_all();
      return;
    }
  }
  op->finish(stopping
                 ? closed()
                 : overloaded(fmt::format("{} changes wait for the store's writer already; try again", kQueueOpsMax)));
}

void Committer::Writer::write_loop() {
  std::unique_lock lock{mutex_};
  for (;;) {
    work_->wait_until(lock, kNever, *parts_.executor, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty() || parts_.executor->now() >= stop_by_) break;
    gather(lock);
    lock.unlock();
    write_once();
    lock.lock();
  }
  writer_ended_ = true;
  ended_->notify_all();
}

void Committer::Writer::gather(std::unique_lock<std::mutex>& lock) {
  Executor& executor = *parts_.executor;
  wanted_ = gathering_.wanted();
  work_->wait_until(lock, executor.now() + gathering_.until() - executor.uptime(), executor,
                    [this] { return stopping_ || queue_.size() >= wanted_; });
  wanted_ = 1;
}

void Committer::Writer::write_once() {
  if (!parts_.wake->enter_gate(kGateSlice)) {
    if (parts_.wake->gate_fault() != 0) parts_.executor->sleep_until(parts_.executor->now() + kGateSlice);
    return;
  }
  // What waits is taken only now: what could not get here in time was refused where it waited.
  const Duration began = parts_.executor->uptime();
  Ops ops;
  Result<void> outcome;
  {
    await_lock();
    WriteTransaction transaction{*parts_.environment};
    ops = take();
    if (!ops.empty()) outcome = write(ops, transaction);
  }
  parts_.wake->leave_gate();
  {
    const std::lock_guard lock{mutex_};
    gathering_.committed(began, parts_.executor->uptime(), ops.size(), queue_.size());
  }
  if (!flawed(Flaw::local_confirms_early)) finish(ops, outcome);
}

void Committer::Writer::await_lock() {
  const std::lock_guard lock{mutex_};
  parts_.wake->set_awaits_lock(true);
  awaits_lock_ = true;
  awaits_since_ = parts_.executor->now();
  if (stopping_) ended_->notify_all();
}

Committer::Writer::Ops Committer::Writer::take() {
  const std::lock_guard lock{mutex_};
  awaits_lock_ = false;
  parts_.wake->set_awaits_lock(false);
  Ops ops;
  std::size_t bytes = 0;
  while (!queue_.empty() && ops.size() < kCommitOpsMax && bytes < kCommitBytesMax) {
    bytes += queue_.front()->bytes();
    ops.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return ops;
}

Result<void> Committer::Writer::write(const Ops& ops, WriteTransaction& transaction) {
  parts_.space->begin();
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

void Committer::Writer::finish(const Ops& ops, const Result<void>& outcome) {
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

void Committer::Writer::call_loop() {
  std::unique_lock lock{mutex_};
  for (;;) {
    const Time until = expiry_check_;
    complete_->wait_until(lock, until, *parts_.executor,
                          [&] { return written_ || !completed_.empty() || expiry_check_ < until; });
    const bool last = written_;
    std::vector<Completed> completed = std::exchange(completed_, {});
    const Ops expired = take_expired();
    if (!expired.empty()) {
      const Error late = not_begun();
      for (const auto& op : expired) completed.push_back({op, late});
    }
    lock.unlock();
    for (const Completed& each : completed) each.op->finish(each.outcome);
    completed.clear();
    lock.lock();
    if (last && completed_.empty()) return;
  }
}

// Takes these out of the queue; the others stay in order.
Committer::Writer::Ops Committer::Writer::take_if(const std::function<bool(const CommitOp&)>& wanted) {
  Ops taken;
  std::deque<std::shared_ptr<CommitOp>> others;
  for (auto& op : queue_) {
    if (wanted(*op)) {
      taken.push_back(std::move(op));
    } else {
      others.push_back(std::move(op));
    }
  }
  queue_ = std::move(others);
  return taken;
}

Committer::Writer::Ops Committer::Writer::take_expired() {
  const Time now = parts_.executor->now();
  if (now < expiry_check_) return {};
  Ops expired = take_if([now](const CommitOp& op) { return op.deadline() <= now; });
  expiry_check_ = kNever;
  for (const auto& op : queue_) expiry_check_ = std::min(expiry_check_, op->deadline());
  if (stopping_) ended_->notify_all();
  return expired;
}

Error Committer::Writer::not_begun() const {
  const std::int64_t holder = parts_.wake->gate_holder();
  return unavailable("the change was not begun in time: " +
                     describe_holder({.directory = parts_.wake->directory(),
                                      .gate_fault = parts_.wake->gate_fault(),
                                      .pid = holder,
                                      .ours = holder == ::getpid(),
                                      .awaits_lock = holder != 0 && parts_.wake->holder_awaits_lock(),
                                      .stopped = is_stopped(holder)}));
}

Committer::Committer(CommitterParts parts) : writer_{std::make_shared<Writer>(std::move(parts))} {
  writer_->start();
}

Committer::~Committer() {
  close();
}

void Committer::submit(std::shared_ptr<CommitOp> op) {
  writer_->submit(std::move(op));
}

Result<void> Committer::perform(std::function<Result<void>(Commit&)> change, Duration within) {
  const auto op = std::make_shared<FunctionOp>(std::move(change), writer_->executor(), within, Kind::change);
  submit(op);
  return op->wait();
}

Result<void> Committer::upkeep(std::function<Result<void>(Commit&)> change, Duration within) {
  const auto op = std::make_shared<FunctionOp>(std::move(change), writer_->executor(), within, Kind::upkeep);
  submit(op);
  return op->wait();
}

void Committer::close() {
  writer_->close();
}

}  // namespace tidings::local
