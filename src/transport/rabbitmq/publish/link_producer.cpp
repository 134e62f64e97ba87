#include "transport/rabbitmq/publish/link_producer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/countdown.hpp"
#include "transport/rabbitmq/link/rabbitmq_limits.hpp"

namespace tidings::rabbitmq {

using transport::PublisherOptions;

namespace {

constexpr Channel kChannel = 1;
constexpr Duration kTick =
    std::chrono::milliseconds{100};  // at most that late is a message refused that takes too long

}  // namespace

std::optional<Error> LinkProducer::admit(const Outgoing& message, std::size_t bytes) const {
  if (closed_) {
    return unavailable(fmt::format("'{}' was published to after the close", message.record.topic));
  }
  // What came from the server goes back, however large.
  const bool has_room = bytes_ + (message.is_new ? bytes : 0) <= limits_.buffer_bytes_max;
  if (count_ >= limits_.buffer_records_max || !has_room) {
    return overloaded(fmt::format(
        "{} records of {} bytes wait for RabbitMQ's confirmation: publish more slowly, or "
        "raise PublisherOptions::buffer_records_max ({}) or buffer_bytes_max ({}){}",
        count_, bytes_, limits_.buffer_records_max, limits_.buffer_bytes_max, trouble_.empty() ? "" : "; " + trouble_));
  }
  return {};
}

void LinkProducer::send(std::vector<Outgoing> messages) {
  const Time expires = executor_->now() + limits_.deliver_within;
  std::vector<Outcome> refused;
  {
    const std::lock_guard lock{mutex_};
    std::optional<Error> full;  // what comes behind would overtake, where it is smaller
    for (Outgoing& message : messages) {
      std::optional<Error> error;
      if (auto fits = message.is_new ? check_fits(message.record) : Result<void>{}; !fits) error = fits.error();
      const std::size_t bytes = transport::size_of(message.record);
      if (!error) error = full ? full : admit(message, bytes);
      if (error) {
        if (error->kind == ErrorKind::overloaded) full = error;
        refused.push_back({std::move(message.answered), *std::move(error)});
        continue;
      }
      bytes_ += bytes;
      ++count_;
      Pending& pending = pending_.emplace_back();
      pending.message = std::move(message);
      pending.bytes = bytes;
      pending.expires = expires;
      pending.number = ++sent_;
      if (next_ == pending_.end()) next_ = std::prev(pending_.end());
    }
  }
  bell_.ring();
  for (Outcome& outcome : refused) outcome.answered(std::move(outcome.result));
}

Result<void> LinkProducer::flush(Time deadline) {
  std::unique_lock lock{mutex_};
  const std::uint64_t last = sent_;
  if (wait_until(*changed_, lock, {*executor_, deadline}, [&] { return is_answered(last); })) return {};
  return unavailable(
      fmt::format("{} records were not confirmed in time{}", count_, trouble_.empty() ? "" : "; " + trouble_));
}

void LinkProducer::close(Time deadline) {
  {
    const std::lock_guard lock{mutex_};
    closed_ = true;
  }
  (void)flush(deadline);
  ending_ = true;
  {
    const std::lock_guard lock{mutex_};
    if (!pending_.empty()) link_ending_.break_now();
  }
  bell_.ring();
  link_ending_.wait();
  thread_.reset();
}

Error LinkProducer::not_in_time(const Pending& pending) const {
  const std::string_view why = blocked_ ? "; RabbitMQ blocks publishers: is its memory or disk full?" : "";
  return unavailable(fmt::format("publish to '{}': not confirmed in time{}{}", pending.message.record.topic, why,
                                 trouble_.empty() ? "" : "; " + trouble_));
}

void LinkProducer::run() {
  while (!ending_) {
    bell_.hear();
    if (link_ != nullptr || connect()) {
      send_some();
      if (link_ != nullptr) hear(executor_->now() + kTick);
    } else {
      std::unique_lock lock{mutex_};
      changed_->wait_until(lock, std::min(connect_not_before_, executor_->now() + kTick));
    }
    if (link_ != nullptr && is_time_to_renew()) renew();
    if (link_ != nullptr && link_->is_dead()) lose_link();
    expire();
    tell();
  }
  {
    const std::lock_guard lock{mutex_};
    for (Pending& pending : pending_) refuse(pending, not_in_time(pending));
  }
  tell();
  link_ending_.holds(nullptr);
  link_.reset();
  link_ending_.has_ended();
}

bool LinkProducer::connect() {
  if (executor_->now() < connect_not_before_) return false;
  auto opened = Link::open(options_, "publisher", *executor_, executor_->now() + kConnectWithin);
  Result<void> ready = opened ? Result<void>{} : opened.error();
  if (ready) link_ending_.holds(opened->get());
  if (ready) ready = (*opened)->open_channel(kChannel);
  if (ready) ready = (*opened)->confirm(kChannel);
  if (ready) ready = preparation_->begin(**opened);
  const std::lock_guard lock{mutex_};
  if (!ready) {
    link_ending_.holds(nullptr);
    trouble_ = ready.error().message;
    // It was never let in: waiting does not help. Later on it may be that somebody changes a password, say.
    if (!was_ready_ && ready.error().kind == ErrorKind::invalid) {
      for (Pending& pending : pending_) refuse(pending, ready.error());
    }
    connect_not_before_ = executor_->now() + reopen_pause_;
    reopen_pause_ = std::min(2 * reopen_pause_, kReopenPauseMax);
    return false;
  }
  link_ = *std::move(opened);
  trouble_.clear();
  was_ready_ = true;
  reopen_pause_ = kReopenPause;
  next_tag_ = 1;
  in_flight_ = 0;
  blocked_ = false;
  unconfirmed_.clear();
  renew_by_.reset();
  returned_.reset();
  for (Pending& pending : pending_) {
    pending.tag = 0;
    pending.returned.reset();
    pending.refused = false;
  }
  next_ = pending_.begin();
  return true;
}

void LinkProducer::lose_link() {
  {
    const std::lock_guard lock{mutex_};
    report_doubtful();
    blocked_ = false;
    if (trouble_.empty()) trouble_ = "the connection to RabbitMQ was lost";
  }
  link_ending_.holds(nullptr);
  link_.reset();
}

void LinkProducer::send_some() {
  while (link_ != nullptr && !link_->is_dead() && may_send()) {
    const std::vector<Pending*> batch = next_batch();
    if (batch.empty() || !link_->is_writable()) return;
    for (Pending* pending : batch) {
      if (!send_one(*pending)) return;
    }
    if (!link_->flush()) return;
    const std::lock_guard lock{mutex_};
    while (next_ != pending_.end() && (next_->tag != 0 || next_->answered)) ++next_;
  }
}

// What is not sent on this connection, as much as goes in one write.
std::vector<Pending*> LinkProducer::next_batch() {
  std::vector<Pending*> batch;
  std::size_t bytes = 0;
  const std::lock_guard lock{mutex_};
  for (auto at = next_; at != pending_.end() && bytes < kWriteBytes; ++at) {
    if (at->answered) continue;
    if (in_flight_ + batch.size() >= kWindowMax || !may_go(*at, batch)) break;
    batch.push_back(&*at);
    bytes += at->bytes;
  }
  return batch;
}

// False: the connection is gone, and it is sent on the next one.
bool LinkProducer::send_one(Pending& pending) {
  Outgoing& message = pending.message;
  if (auto prepared = preparation_->prepare(*link_, message); !prepared) {
    if (link_->is_dead()) return false;
    const std::lock_guard lock{mutex_};
    refuse(pending, prepared.error());
    return true;
  }
  const Properties properties{message.record, message.notes, executor_->now()};
  const std::string_view body = message.record.body ? std::string_view{*message.record.body} : std::string_view{};
  if (auto sent = link_->gather(kChannel, message.exchange, message.key, properties.get(), body); !sent) {
    const std::lock_guard lock{mutex_};
    if (!link_->is_dead()) refuse(pending, sent.error());
    if (link_->is_dead()) trouble_ = sent.error().message;
    return !link_->is_dead();
  }
  pending.tag = next_tag_++;
  ++in_flight_;
  if (options_.order == Order::strict && message.record.key) unconfirmed_.insert(*message.record.key);
  return true;
}

// Under the lock. In strict order nothing of a key goes before what came before it is confirmed.
bool LinkProducer::may_go(const Pending& pending, const std::vector<Pending*>& before) const {
  const auto& key = pending.message.record.key;
  if (options_.order != Order::strict || !key) return true;
  const auto is_of_it = [&](const Pending* other) { return other->message.record.key == key; };
  return !unconfirmed_.contains(*key) && std::ranges::none_of(before, is_of_it);
}

// Under the lock.
void LinkProducer::refuse(Pending& pending, Error error) {
  if (pending.answered) return;
  pending.answered = true;
  outcomes_.push_back({std::move(pending.message.answered), std::move(error)});
}

void LinkProducer::expire() {
  const std::lock_guard lock{mutex_};
  const Time now = executor_->now();
  for (Pending& pending : pending_) {
    if (pending.expires > now) break;
    refuse(pending, not_in_time(pending));
  }
}

// Under the lock. What was sent stays until the server has said what became of it, so that tags are in order. Behind
// the first that was neither sent nor answered none is.
void LinkProducer::drop_answered() {
  for (auto at = pending_.begin(); at != pending_.end();) {
    if (!at->answered) {
      if (at->tag == 0 && !at->refused) return;
      ++at;
      continue;
    }
    if (at->bytes != 0) {
      bytes_ -= at->bytes;
      --count_;
      at->bytes = 0;
    }
    const bool is_sent = link_ != nullptr && at->tag != 0;
    if (is_sent) {
      ++at;
      continue;
    }
    if (next_ == at) ++next_;
    at = pending_.erase(at);
  }
}

// Under no lock.
void LinkProducer::tell() {
  if (outcomes_.empty() && !std::exchange(has_dropped_, false)) return;
  telling_.swap(outcomes_);  // and keeps their room
  for (Outcome& outcome : telling_) outcome.answered(std::move(outcome.result));
  telling_.clear();
  {
    const std::lock_guard lock{mutex_};
    drop_answered();
  }
  changed_->notify_all();
}

std::shared_ptr<Producer> Producer::open(std::shared_ptr<Executor> executor, const AmqpOptions& options,
                                         const PublisherOptions& limits, std::unique_ptr<Preparation> preparation) {
  return std::make_shared<LinkProducer>(std::move(executor), options, limits, std::move(preparation));
}

}  // namespace tidings::rabbitmq
