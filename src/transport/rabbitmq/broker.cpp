#include "transport/rabbitmq/broker.hpp"

#include <algorithm>

#include "transport/rabbitmq/channel_turns.hpp"
#include "transport/rabbitmq/rabbitmq_limits.hpp"

namespace tidings::rabbitmq {

namespace {

constexpr Channel kFirstChannel = 1;

}  // namespace

Broker::Broker(AmqpOptions options, std::shared_ptr<Executor> executor)
    : options_{std::move(options)}, executor_{std::move(executor)}, names_{options_.prefix} {}

Result<std::shared_ptr<Broker>> Broker::open(AmqpOptions options, std::shared_ptr<Executor> executor) {
  auto broker = std::make_shared<Broker>(std::move(options), std::move(executor));
  if (auto reached = broker->check(broker->executor().now() + kReachWithin); !reached) return reached.error();
  return broker;
}

Result<void> Broker::check(Time deadline) {
  const std::lock_guard lock{mutex_};
  const Request nothing = [](Link&, Channel) { return Result<void>{}; };
  // Nobody keeps its heartbeats between requests: that it is gone says nothing of the server.
  const bool was_there = link_ != nullptr;
  auto done = ask_once(nothing, deadline);
  const bool is_gone = !done && done.error().kind == ErrorKind::unavailable && link_ == nullptr;
  return was_there && is_gone ? ask_once(nothing, deadline) : done;
}

Result<void> Broker::ask(const Request& request) {
  const std::lock_guard lock{mutex_};
  const Time deadline = executor_->now() + kRequestWithin;
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
  auto done = link_->open_channel(channel_);
  if (done) {
    done = request(*link_, channel_);
    link_->close_channel(channel_);
  }
  if (link_->is_dead()) link_.reset();
  return done;
}

}  // namespace tidings::rabbitmq
