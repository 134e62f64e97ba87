#include "transport/rabbitmq/topology/broker.hpp"

#include <algorithm>

#include "transport/rabbitmq/link/channel_turns.hpp"
#include "transport/rabbitmq/link/rabbitmq_limits.hpp"

namespace tidings::rabbitmq {

namespace {

constexpr Channel kFirstChannel = 1;

Error not_in_turn() {
  return unavailable("RabbitMQ did not answer in time what others of this process ask");
}

}  // namespace

class Broker::Turn final {
 public:
  Turn(Broker& broker, Time deadline) : broker_{broker} {
    std::unique_lock lock{broker_.mutex_};
    const auto is_free = [this] { return !broker_.is_taken_; };
    ours_ = broker_.changed_->wait_until(lock, deadline, *broker_.executor_, is_free);
    if (ours_) broker_.is_taken_ = true;
  }
  ~Turn() {
    if (!ours_) return;
    const std::lock_guard lock{broker_.mutex_};
    broker_.is_taken_ = false;
    broker_.changed_->notify_all();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  bool is_ours() const { return ours_; }

 private:
  Broker& broker_;
  bool ours_ = false;
};

Broker::Broker(AmqpOptions options, std::shared_ptr<Executor> executor)
    : options_{std::move(options)},
      executor_{std::move(executor)},
      names_{options_.prefix},
      changed_{executor_->condition()} {}

Result<std::shared_ptr<Broker>> Broker::open(AmqpOptions options, std::shared_ptr<Executor> executor) {
  auto broker = std::make_shared<Broker>(std::move(options), std::move(executor));
  if (auto reached = broker->check(broker->executor().now() + kReachWithin); !reached) return reached.error();
  return broker;
}

Result<void> Broker::check(Time deadline) {
  const Turn turn{*this, deadline};
  if (!turn.is_ours()) return not_in_turn();
  const Request nothing = [](Link&, Channel) { return Result<void>{}; };
  // Nobody keeps its heartbeats between requests: that it is gone says nothing of the server.
  const bool was_there = link_ != nullptr;
  auto done = ask_once(nothing, deadline);
  const bool is_gone = !done && done.error().kind == ErrorKind::unavailable && link_ == nullptr;
  return was_there && is_gone ? ask_once(nothing, deadline) : done;
}

Result<void> Broker::ask(const Request& request, Duration within) {
  const Time deadline = executor_->now() + within;
  const Turn turn{*this, deadline};
  if (!turn.is_ours()) return not_in_turn();
  while (true) {
    auto done = ask_once(request, deadline);
    const bool again = !done && link_ == nullptr && done.error().kind == ErrorKind::unavailable;
    if (!again || executor_->now() >= deadline) return done;
    executor_->sleep_until(std::min(deadline, executor_->now() + kReopenPause));
  }
}

Result<void> Broker::connect(Time deadline) {
  if (link_ != nullptr && !link_->is_dead()) return {};
  link_.reset();
  auto opened = Link::open(options_, "requests", *executor_, deadline);
  if (!opened) return opened.error();
  link_ = *std::move(opened);
  return {};
}

Result<void> Broker::ask_once(const Request& request, Time deadline) {
  auto connected = connect(deadline);
  while (!connected && connected.error().kind == ErrorKind::unavailable && executor_->now() < deadline) {
    executor_->sleep_until(std::min(deadline, executor_->now() + kReopenPause));
    auto again = connect(deadline);
    // A try that was cut short knows less than the one before.
    if (!again && again.error().kind == ErrorKind::unavailable && executor_->now() >= deadline) break;
    connected = std::move(again);
  }
  if (!connected) return connected;
  // Not that of the one before: what was on its way to it may come still.
  channel_ = channel_after(channel_, kFirstChannel);
  link_->answer_within(deadline - executor_->now());
  auto done = link_->open_channel(channel_);
  if (done) {
    done = request(*link_, channel_);
    link_->close_channel(channel_);
  }
  if (link_->is_dead()) link_.reset();
  return done;
}

}  // namespace tidings::rabbitmq
