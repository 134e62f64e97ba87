// ControlStream: what is called, and how it waits.
#include <fmt/format.h>

#include <algorithm>

#include "transport/driver/control_sizes.hpp"
#include "transport/rabbitmq/control/control_stream.hpp"
#include "transport/rabbitmq/topology/stream_end.hpp"

namespace tidings::rabbitmq {

using transport::ControlRecord;
using transport::PutOptions;

namespace {

constexpr Duration kBlockedSeenWithin = std::chrono::milliseconds{50};

std::string key_of(ControlSpace space, std::string_view key) {
  return (space == ControlSpace::users ? "c/" : "d/") + std::string{key};
}
void strip(ControlRecord& record) {
  record.key.erase(0, 2);
}

}  // namespace

Error ControlStream::not_in_time(std::string_view key) const {
  if (producer_->is_blocked()) {
    return unavailable(
        fmt::format("control key '{}' was not confirmed: RabbitMQ takes no messages, its memory or its disk is full "
                    "(`rabbitmq-diagnostics alarms`); it may or may not change once it takes them again",
                    key));
  }
  return unavailable(fmt::format("control key '{}' was not confirmed in {} s: it may or may not have changed{}", key,
                                 std::chrono::duration_cast<std::chrono::seconds>(kRequestWithin).count(),
                                 trouble_.empty() ? "" : "; " + trouble_));
}

// One that is sent after now.
std::shared_ptr<ControlStream::Barrier> ControlStream::join_barrier() {
  std::shared_ptr<Barrier> mine;
  {
    const std::lock_guard lock{mutex_};
    std::shared_ptr<Barrier>& place = barrier_ && barrier_->sent ? next_barrier_ : barrier_;
    if (!place)
      place = std::make_shared<Barrier>(Barrier{.token = fmt::format("{:016x}", broker_->executor().random())});
    mine = place;
  }
  send_barrier();
  return mine;
}

void ControlStream::send_barrier() {
  std::shared_ptr<Barrier> barrier;
  {
    const std::lock_guard lock{mutex_};
    if (!barrier_ || barrier_->sent) return;
    barrier = barrier_;
    barrier->sent = true;
  }
  Outgoing outgoing = barrier_of(barrier->token, stream_.name);
  outgoing.answered = [this, barrier](const Result<void>& outcome) {
    const std::lock_guard lock{mutex_};
    barrier->confirmed = broker_->executor().now();
    if (!outcome) lose_barrier(barrier, outcome.error());
  };
  std::vector<Outgoing> messages;
  messages.push_back(std::move(outgoing));
  producer_->send(std::move(messages));
}

// Under the lock. Those who came later do not wait for it any longer.
void ControlStream::lose_barrier(const std::shared_ptr<Barrier>& barrier, const Error& error) {
  barrier->lost = error;
  if (barrier_ == barrier) barrier_ = std::exchange(next_barrier_, nullptr);
  bell_.ring();
  changed_->notify_all();
}

bool ControlStream::is_blocked() {
  const std::lock_guard starting{starting_};
  return started_ && producer_->is_blocked();
}

// Under the lock.
Error ControlStream::not_read(Duration within) const {
  return unavailable(fmt::format("could not read stream '{}' to its end in {} s{}", stream_.name,
                                 std::chrono::duration_cast<std::chrono::seconds>(within).count(),
                                 trouble_.empty() ? "" : "; " + trouble_));
}

// What others have put before now is seen, as if there were one place for all. Nothing changes while the lock is held.
Result<ControlStream::Lock> ControlStream::catch_up(Duration within) {
  start();
  Executor& executor = broker_->executor();
  const Countdown left{executor, executor.now() + within};
  while (true) {
    const auto barrier = join_barrier();
    Lock lock{mutex_};
    const auto over = [&] { return barrier->read || barrier->lost || refused_; };
    while (!over() && !producer_->is_blocked() && !left.over()) {
      changed_->wait_until(lock, std::min(left.end(), executor.now() + kBlockedSeenWithin), executor, over);
    }
    if (barrier->read && barrier->generation == generation_) return lock;
    if (refused_) return *refused_;
    if (barrier->lost) return *barrier->lost;
    if (left.over()) return not_read(within);
    if (barrier->read) continue;
    lock.unlock();
    return read_to_the_last(left, within);
  }
}

// Without a message of our own: the server takes none.
Result<ControlStream::Lock> ControlStream::read_to_the_last(const Countdown& left, Duration within) {
  const auto last = last_of_stream(*broker_, stream_.name, left.end());
  if (!last) return last.error();
  Lock lock{mutex_};
  Executor& executor = broker_->executor();
  const auto is_read = [&] { return !*last || (next_ && *next_ > **last) || refused_; };
  while (!is_read() && !left.over()) changed_->wait_until(lock, executor.now() + kBlockedSeenWithin);
  if (!is_read()) return not_read(within);
  if (refused_) return *refused_;
  caught_up_ = true;
  return lock;
}

Result<void> ControlStream::check_room(const ControlMessage& message) {
  const std::lock_guard lock{mutex_};
  if (refused_) return *refused_;
  const std::size_t most = static_cast<std::size_t>(limits_.stream_bytes_max) / kControlLiveShare;
  if (!message.value || table_.contains(message.key) || table_.bytes() < most) return {};
  return overloaded(fmt::format("there are control records of {} bytes already, {} bytes are the most: erase some",
                                table_.bytes(), most));
}

void ControlStream::put_async(ControlSpace space, std::string_view key, std::optional<std::string_view> value,
                              const PutOptions& options, Answer answered) {
  if (auto fits = transport::check_control_sizes(key, value); !fits) return answered(fits.error());
  start();
  Executor& executor = broker_->executor();
  ControlMessage message{.key = key_of(space, key), .expires = options.expires, .expected = options.expected};
  if (value) message.value = std::string{*value};
  if (auto room = check_room(message); !room) return answered(room.error());
  message.token = fmt::format("{:016x}", executor.random());
  message.appended = executor.now();
  {
    const std::lock_guard lock{mutex_};
    waiting_.emplace(message.token, Waiting{.key = std::string{key},
                                            .expected = options.expected.value_or(0),
                                            .begun = executor.now(),
                                            .deadline = executor.now() + kRequestWithin,
                                            .answered = std::move(answered)});
  }
  send(message);
}

void ControlStream::send(const ControlMessage& message) {
  Outgoing outgoing = outgoing_of(message, stream_.name);
  outgoing.answered = [this, token = message.token](const Result<void>& outcome) {
    if (!outcome) refuse(token, outcome.error());
  };
  std::vector<Outgoing> messages;
  messages.push_back(std::move(outgoing));
  producer_->send(std::move(messages));
}

void ControlStream::refuse(const std::string& token, const Error& error) {
  Answer answered;
  {
    const std::lock_guard lock{mutex_};
    const auto waiting = waiting_.find(token);
    if (waiting == waiting_.end()) return;
    answered = std::move(waiting->second.answered);
    waiting_.erase(waiting);
  }
  answered(error);
}

Result<std::uint64_t> ControlStream::put(ControlSpace space, std::string_view key,
                                         std::optional<std::string_view> value, const PutOptions& options) {
  const auto outcome = std::make_shared<std::optional<Result<std::uint64_t>>>();
  put_async(space, key, value, options, [this, outcome](Result<std::uint64_t> result) {
    const std::lock_guard lock{mutex_};
    *outcome = std::move(result);
    changed_->notify_all();
  });
  Executor& executor = broker_->executor();
  std::unique_lock lock{mutex_};
  changed_->wait_until(lock, executor.now() + kRequestWithin, executor, [&] { return outcome->has_value(); });
  return *outcome ? **outcome : not_in_time(key);
}

Result<std::optional<ControlRecord>> ControlStream::get(ControlSpace space, std::string_view key) {
  const auto lock = catch_up();
  if (!lock) return lock.error();
  auto record = table_.get(key_of(space, key), broker_->executor().now());
  if (record) strip(*record);
  return record;
}

Result<std::vector<ControlRecord>> ControlStream::list(ControlSpace space, std::string_view prefix, Duration within) {
  const auto lock = catch_up(within);
  if (!lock) return lock.error();
  auto records = table_.list(key_of(space, prefix), broker_->executor().now());
  for (ControlRecord& record : records) strip(record);
  return records;
}

std::optional<std::vector<ControlRecord>> ControlStream::list_read(ControlSpace space, std::string_view prefix) {
  const std::lock_guard lock{mutex_};
  if (!caught_up_) return std::nullopt;
  auto records = table_.list(key_of(space, prefix), broker_->executor().now());
  for (ControlRecord& record : records) strip(record);
  return records;
}

void ControlStream::ring_on_change(const std::shared_ptr<transport::Bell>& bell) {
  const std::lock_guard lock{mutex_};
  bells_.push_back(bell);
}

Result<std::uint64_t> ControlStream::watch(ControlSpace space, std::uint64_t seen, Time deadline) {
  auto lock = catch_up();
  if (!lock) return lock.error();
  const std::uint64_t& last = last_change_[space == ControlSpace::users ? 0 : 1];
  changed_->wait_until(*lock, deadline, broker_->executor(), [&] { return last > seen; });
  return last;
}

}  // namespace tidings::rabbitmq
