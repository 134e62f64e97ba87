#include "tidings/delivery.hpp"

#include <algorithm>
#include <iterator>

#include "service/pull/pull_session.hpp"

namespace tidings {

using service::Pulled;
using service::PullSession;

class Delivery::State final {
 public:
  State(std::shared_ptr<PullSession> session, Pulled pulled)
      : session_{std::move(session)}, pulled_{std::move(pulled)}, outputs_{session_->outputs(pulled_)} {}
  // Nobody is there to hear of an error: the next pull gives it back, or the group gets it when the puller leaves.
  ~State() {
    if (!settled_) static_cast<void>(release());
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  const PullSession& session() const { return *session_; }
  const Pulled& pulled() const { return pulled_; }

  Result<void> publish(const EventType& type, const void* data, PublishOptions options) {
    if (settled_) return again();
    if (session_->closed()) return settle({});
    return outputs_.add(type, data, std::move(options));
  }
  // What was published stays until it has left: an accept() that failed may be tried again.
  Result<void> accept(std::vector<transport::Record> more) {
    std::vector<transport::Record> publishes = outputs_.records();
    std::ranges::move(more, std::back_inserter(publishes));
    return settle({}, std::move(publishes));
  }

  Result<void> settle(pipeline::Verdict verdict, std::vector<transport::Record> publishes = {}) {
    if (settled_) return again();
    auto settled = session_->settle(pulled_, std::move(verdict), std::move(publishes));
    settled_ = settled || settled.error().kind == ErrorKind::conflict;
    return settled;
  }
  Result<void> release() {
    if (settled_) return again();
    settled_ = true;
    return session_->release(pulled_);
  }

 private:
  static Error again() { return invalid("the delivery was settled before; each is settled once"); }

  const std::shared_ptr<PullSession> session_;
  Pulled pulled_;
  service::Outputs outputs_;
  bool settled_ = false;
};

namespace {

// Whether giving up for that reason means that it ran, and failed.
bool ran(Reason reason) {
  return reason == Reason::failed || reason == Reason::rejected || reason == Reason::timed_out;
}

}  // namespace

Delivery::Delivery(std::unique_ptr<State> state) : state_{std::move(state)} {}
Delivery::Delivery(Delivery&&) noexcept = default;
Delivery& Delivery::operator=(Delivery&&) noexcept = default;
Delivery::~Delivery() = default;

const Envelope& Delivery::envelope() const {
  return state_->pulled().envelope;
}

const transport::RecordView& Delivery::record() const {
  return state_->pulled().delivery.record;
}

const transport::Attempts& Delivery::attempts() const {
  return state_->pulled().delivery.attempts;
}

Result<void> Delivery::decode(const EventType& type, void* data) const {
  return state_->session().decode(record(), type, data);
}

Result<void> Delivery::accept(std::vector<transport::Record> publishes) {
  return state_->accept(std::move(publishes));
}

Result<void> Delivery::publish(const EventType& type, const void* data, PublishOptions options) {
  return state_->publish(type, data, std::move(options));
}

Result<void> Delivery::retry_at(Time due, RetryOrder order, const Error& why) {
  const PullSession& session = state_->session();
  if (session.closed()) return state_->settle({});
  const Time now = session.now();
  return state_->settle(pipeline::retry(pipeline::charged(attempts(), why, now), why, due, session.rules(order), now));
}

Result<void> Delivery::dead_letter(Reason reason, const Error& why) {
  const PullSession& session = state_->session();
  if (session.closed()) return state_->settle({});
  auto counted = ran(reason) ? pipeline::charged(attempts(), why, session.now()) : attempts();
  return state_->settle(pipeline::bury(std::move(counted), reason, why));
}

Result<void> Delivery::release() {
  return state_->release();
}

Result<void> Delivery::skip(Reason reason) {
  return state_->settle(pipeline::skip(reason));
}

Puller::Puller(std::shared_ptr<PullSession> session) : session_{std::move(session)} {}
Puller::Puller(Puller&&) noexcept = default;

Puller& Puller::operator=(Puller&& other) noexcept {
  std::swap(session_, other.session_);
  return *this;
}

Puller::~Puller() {
  if (session_) session_->close();
}

Result<Puller> Puller::open(transport::Transport& transport, Executor& executor,
                            const transport::SubscriptionSpec& spec, PullerOptions options) {
  auto session = PullSession::open(transport, executor, spec, std::move(options));
  if (!session) return session.error();
  return Puller{*std::move(session)};
}

Result<std::optional<Delivery>> Puller::pull(Time deadline) {
  auto pulled = session_->pull(deadline);
  if (!pulled) return pulled.error();
  if (!*pulled) return std::optional<Delivery>{};
  return std::optional{Delivery{std::make_unique<Delivery::State>(session_, **std::move(pulled))}};
}

}  // namespace tidings
