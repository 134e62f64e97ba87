#include "tidings/bus.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "base/countdown.hpp"
#include "service/bus_publisher.hpp"
#include "service/handle/subscription.hpp"
#include "service/inbox_claim.hpp"
#include "service/plan/plan.hpp"
#include "service/presence.hpp"

namespace tidings {

namespace {

// How long a handler that was told to stop may take before it is left alone.
constexpr Duration kStopGrace = std::chrono::milliseconds{500};
// What leaving the groups may take beyond that, and beyond the deadline.
constexpr Duration kLeaveGrace = std::chrono::milliseconds{500};

}  // namespace

class Bus::State final {
 public:
  State(std::shared_ptr<transport::Transport> transport, std::shared_ptr<Executor> executor, BusOptions options)
      : transport_{std::move(transport)}, executor_{std::move(executor)}, options_{std::move(options)} {
    if (!instance_is_stable_) options_.instance = fmt::format("{}-{}", options_.name, getpid());
  }

  Result<void> start(const Contract& contract);
  Result<void> stop(Time deadline);
  void close(Time deadline);
  Result<void> ready(Time deadline);
  std::vector<SubscriptionState> states() const;
  std::vector<std::string> describe(const Contract& contract) const;
  Result<service::BusPublisher*> publishing();

  transport::Transport& transport() { return *transport_; }
  Executor& executor() { return *executor_; }

 private:
  Result<void> check() const;
  Result<void> leave(const Countdown& left);
  Result<void> declare(transport::Declaration declaration);
  void tell_concerns();
  Result<void> claim_inboxes(const std::vector<service::SubscriptionPlan>& plans);
  Result<void> open(const std::vector<service::SubscriptionPlan>& plans);
  void close_callbacks(const Countdown& left);
  service::PlanDefaults defaults() const { return {.group = options_.name, .inbox = options_.inbox}; }
  std::vector<std::shared_ptr<service::Subscription>> subscriptions() const;

  const std::shared_ptr<transport::Transport> transport_;
  const std::shared_ptr<Executor> executor_;
  BusOptions options_;
  const bool instance_is_stable_ = !options_.instance.empty();
  std::shared_ptr<service::Engine> engine_;
  mutable std::mutex mutex_;  // guards the pointers below, not what they point to
  std::shared_ptr<service::BusPublisher> publishing_;
  std::vector<std::shared_ptr<service::Subscription>> subscriptions_;
  std::unique_ptr<service::Presence> presence_;
};

Result<void> Bus::State::check() const {
  if (engine_) return invalid("the bus was started before; make a new one");
  if (options_.name.empty()) return invalid("the bus has no name; set BusOptions::name, its default group");
  if (options_.discovery <= Duration::zero()) return invalid("BusOptions::discovery must be more than 0");
  return {};
}

Result<void> Bus::State::start(const Contract& contract) {
  if (auto checked = check(); !checked) return checked;
  auto plans = service::make_plan(contract, defaults());
  if (!plans) return plans.error();
  if (auto declared = declare(service::declaration_of(contract.published(), *plans, contract.topics())); !declared)
    return declared;
  tell_concerns();
  if (auto claimed = claim_inboxes(*plans); !claimed) return claimed;
  auto publisher = transport_->publisher(options_.publisher);
  if (!publisher) return publisher.error();
  engine_ = std::make_shared<service::Engine>(transport_, executor_, options_, contract.published());
  engine_->instance_is_stable = instance_is_stable_;
  {
    const std::lock_guard lock{mutex_};
    publishing_ = std::make_shared<service::BusPublisher>(engine_, *std::move(publisher));
  }
  if (auto opened = open(*plans); !opened) return opened;
  presence_ = std::make_unique<service::Presence>(
      engine_, service::presence_value(options_, *plans, contract.published(), executor_->now()));
  return {};
}

// A topic keeps the retention that it has, which an operator may have set: that is no reason not to start.
Result<void> Bus::State::declare(transport::Declaration declaration) {
  auto declared = transport_->declare(declaration);
  if (declared || declared.error().kind != ErrorKind::conflict) return declared;
  for (transport::TopicSpec& topic : declaration.topics) {
    if (topic.retention.empty()) continue;
    const auto one = transport_->declare({.topics = {topic}, .published = {}});
    if (one || one.error().kind != ErrorKind::conflict) continue;
    topic.retention = {};
    if (!transport_->declare({.topics = {topic}, .published = {}})) continue;  // it is something else: said below
    const Error error = conflict(one.error().message + "; `tidings topics set` changes what it keeps");
    if (options_.on_trouble) options_.on_trouble({topic.name, "declare the topic", error, Trouble::Then::left});
  }
  return transport_->declare(declaration);
}

// No reason not to start: and where they are not told, others say so.
void Bus::State::tell_concerns() {
  auto* topology = transport_->operations().topology;
  if (topology == nullptr || !options_.on_trouble) return;
  const auto concerns = topology->concerns();
  if (!concerns) return;
  for (const transport::Concern& concern : *concerns) {
    const Error error = conflict(fmt::format("{}; {}", concern.what, concern.remedy));
    options_.on_trouble({concern.subject, "keep its promises", error, Trouble::Then::left});
  }
}

Result<void> Bus::State::claim_inboxes(const std::vector<service::SubscriptionPlan>& plans) {
  for (const service::SubscriptionPlan& plan : plans) {
    if (!plan.inbox) continue;
    auto store = plan.inbox->store_id();
    if (!store) return store.error();
    if (auto claimed = service::claim_inbox(transport_->control(), plan.spec.group, *store); !claimed) return claimed;
  }
  return {};
}

// All of them join before one of them handles: a fault at start-up leaves nothing half done.
Result<void> Bus::State::open(const std::vector<service::SubscriptionPlan>& plans) {
  std::vector<std::shared_ptr<service::Subscription>> opened;
  for (const service::SubscriptionPlan& plan : plans) {
    auto subscription = service::Subscription::open(engine_, plan);
    if (!subscription) return subscription.error();
    opened.push_back(*std::move(subscription));
  }
  for (const auto& subscription : opened) subscription->start();
  const std::lock_guard lock{mutex_};
  subscriptions_ = std::move(opened);
  return {};
}

std::vector<std::shared_ptr<service::Subscription>> Bus::State::subscriptions() const {
  const std::lock_guard lock{mutex_};
  return subscriptions_;
}

Result<void> Bus::State::stop(Time deadline) {
  if (!engine_) return {};
  const Countdown left{*executor_, deadline};  // the clock may be set meanwhile
  auto done = leave(left);
  close_callbacks(left);
  return done;
}

// What waits for its confirmation has waited with all else until the deadline. The observers hear of it, too.
void Bus::State::close(Time deadline) {
  if (!engine_) return;
  // Nobody is there to hear of what is left; it is unsettled, and so handled again.
  const Countdown left{*executor_, deadline};
  static_cast<void>(leave(left));
  if (publishing_) publishing_->close(left.end());
  close_callbacks(left);
}

void Bus::State::close_callbacks(const Countdown& left) {
  engine_->callbacks->close({*executor_, std::max(left.end(), executor_->now() + kLeaveGrace)});
}

Result<void> Bus::State::leave(const Countdown& left) {
  const auto leaving = subscriptions();
  for (const auto& subscription : leaving) subscription->drain();
  std::vector<std::string> unfinished;
  for (const auto& subscription : leaving) {
    if (!subscription->wait_drained(left)) unfinished.push_back(fmt::format("'{}'", subscription->plan().name()));
  }
  const Countdown left_alone{*executor_, executor_->now() + kStopGrace};
  const Countdown leave{*executor_, std::max(left.end(), left_alone.end() + kLeaveGrace)};
  for (const auto& subscription : leaving) subscription->begin_close(left_alone);
  for (const auto& subscription : leaving) {
    if (!subscription->wait_closed(leave))
      unfinished.push_back(fmt::format("leaving '{}'", subscription->plan().name()));
  }
  // Last: it would expire anyway.
  if (presence_ && !presence_->stop(leave)) unfinished.emplace_back("the good-bye of this instance");
  presence_.reset();
  {
    const std::lock_guard lock{mutex_};
    subscriptions_.clear();
  }
  auto flushed = publishing_ ? publishing_->flush(left.end()) : Result<void>{};
  if (unfinished.empty()) return flushed;
  return unavailable(fmt::format("not everything was done in time: {} left; what is unsettled will be handled again",
                                 fmt::join(unfinished, ", ")));
}

Result<void> Bus::State::ready(Time deadline) {
  const auto live = subscriptions();
  if (!publishing()) return unavailable("the bus has not started");
  for (const auto& subscription : live) {
    if (auto ready = subscription->ready(); !ready) return ready;
  }
  return transport_->check(deadline);
}

std::vector<Bus::SubscriptionState> Bus::State::states() const {
  std::vector<SubscriptionState> states;
  for (const auto& subscription : subscriptions())
    states.push_back({subscription->plan().spec.group, subscription->plan().name(), subscription->ready()});
  return states;
}

std::vector<std::string> Bus::State::describe(const Contract& contract) const {
  auto plans = service::make_plan(contract, defaults());
  if (!plans) return {plans.error().message};
  std::vector<std::string> lines;
  for (service::SubscriptionPlan& plan : *plans) {
    service::fit(plan, transport_->capabilities());
    lines.push_back(service::describe_plan(plan));
  }
  return lines;
}

Result<service::BusPublisher*> Bus::State::publishing() {
  const std::lock_guard lock{mutex_};
  if (!publishing_) return invalid("the bus has not started; call start() before it publishes");
  return publishing_.get();
}

Bus::Bus(std::shared_ptr<transport::Transport> transport, std::shared_ptr<Executor> executor, BusOptions options)
    : state_{std::make_unique<State>(std::move(transport), std::move(executor), std::move(options))} {}

Bus::~Bus() {
  state_->close(state_->executor().now() + transport::kCloseWithin);
}

Result<void> Bus::start() {
  return state_->start(*this);
}

Result<void> Bus::publish(const EventType& type, const void* data, PublishOptions options) {
  auto publishing = state_->publishing();
  if (!publishing) return publishing.error();
  return (*publishing)->publish(type, data, std::move(options));
}

void Bus::publish_async(const EventType& type, const void* data, PublishOptions options,
                        std::function<void(Result<void>)> confirmed) {
  auto publishing = state_->publishing();
  if (!publishing) return confirmed(publishing.error());
  (*publishing)->publish_async(type, data, std::move(options), std::move(confirmed));
}

Result<void> Bus::flush(Time deadline) {
  auto publishing = state_->publishing();
  if (!publishing) return publishing.error();
  return (*publishing)->flush(deadline);
}

Result<void> Bus::stop(Time deadline) {
  return state_->stop(deadline);
}

std::vector<std::string> Bus::describe_pipelines() const {
  return state_->describe(*this);
}

Result<void> Bus::ready(Time deadline) {
  return state_->ready(deadline);
}

std::vector<Bus::SubscriptionState> Bus::subscriptions() const {
  return state_->states();
}

transport::Transport& Bus::transport() {
  return state_->transport();
}

Executor& Bus::executor() {
  return state_->executor();
}

}  // namespace tidings
