// Pull one, settle it: the lowest public layer, without threads of ours.
//
//   auto puller = tidings::Puller::open(*transport, *executor, {.group = "billing", .topic = "orders"});
//   while (auto pulled = puller->pull(executor->now() + 1s)) {
//     if (!*pulled) continue;                      // nothing came
//     tidings::Delivery& delivery = **pulled;
//     auto order = delivery.as<OrderCreated>();
//     auto settled = order ? delivery.accept() : delivery.dead_letter(tidings::Reason::undecodable, order.error());
//   }
//
// The promises hold as for handlers, but what they leave to policy is the caller's: when to retry, when to give up,
// what to do with types that it does not know. Events of one key come in order, one at a time: the next one is not
// pulled before the one at hand is settled (P4). The puller by itself skips what is outside the pattern and buries what
// is too large, or what crashed its process too often (P5); observers hear of it.
//
// Threads: one for a Puller and its Deliveries. Nothing happens between calls: whoever does not pull for long does not
//          hear that a partition is taken away, and its settlements are refused as `conflict`.
// Owns:    the membership in the group. Transport and executor must outlive the Puller; Deliveries may outlive it.
// Limits:  SubscriptionSpec::running_max deliveries unsettled at a time; SubscriptionSpec::in_flight_max received, with
//          those that wait for their key or for a retry.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tidings/decision.hpp"
#include "tidings/event_type.hpp"
#include "tidings/executor.hpp"
#include "tidings/publish_options.hpp"
#include "tidings/retry.hpp"
#include "tidings/transport/transport.hpp"

#pragma GCC visibility push(default)

namespace tidings {

namespace service {
class PullSession;
}

class Puller;

// One event, until it is settled. Destroying an unsettled one releases it (charged nothing); that blocks, too.
//
// Each settlement blocks until it is durable. Errors of all of them:
//   unavailable, overloaded: not done, the delivery is still unsettled; try again, or settle it otherwise
//   conflict: it is not ours any more, somebody else gets it; nothing was done
//   invalid: it was settled before, or what it publishes cannot be published (then it is still unsettled)
class Delivery final {
 public:
  Delivery(Delivery&&) noexcept;
  Delivery& operator=(Delivery&&) noexcept;
  ~Delivery();

  // What its bytes say, and where they say nothing, the record. An event without an id is named by its position, where
  // the transport has stable ones. All three are valid as long as the Delivery.
  const Envelope& envelope() const;
  const transport::RecordView& record() const;
  // Of the runs before: `attempts().failed` is 0 at the first.
  const transport::Attempts& attempts() const;

  // The data as an E. invalid, corrupt, with path and reason, when it is none: a repetition cannot help.
  template <class E>
  Result<E> as() const {
    if constexpr (detail::is_event<E>()) {
      E event;
      if (auto decoded = decode(event_type<E>(), &event); !decoded) return decoded.error();
      return event;
    }
  }

  // Publishes with accept(), not at all when it is settled otherwise. Same correlation id, caused by this event, by
  // default the same aggregate id and key; its id is the same when the event is handled again (P7).
  // invalid: the type was not declared by PullerOptions::publishes, or it cannot be encoded. overloaded: too many.
  template <class E>
  Result<void> publish(const E& event, PublishOptions options = {}) {
    if constexpr (detail::is_event<E>()) return publish(event_type<E>(), &event, std::move(options));
  }

  // It is handled. What was published leaves with it, and then `publishes`, as they are: in one step where
  // Capabilities::transactional, confirmed before elsewhere.
  Result<void> accept(std::vector<transport::Record> publishes = {});

  // It failed, and is pulled again at `due`, here or by another member; counted in attempts(). strict: its key waits
  // for it (it becomes relaxed where the transport cannot hold a key that long). relaxed: later ones may pass it.
  Result<void> retry_at(Time due, RetryOrder order, const Error& why);

  // It is given up. `why` stands in the dead letter. `failed`, `rejected` and `timed_out` count an attempt: it ran.
  Result<void> dead_letter(Reason reason, const Error& why);

  // It was not run: it is pulled again, here or elsewhere, before the later ones of its key. An error: the puller
  // gives it back with its next pull().
  Result<void> release();

  // It is not for us: `unhandled`, `filtered` or `duplicate`.
  Result<void> skip(Reason reason);

 private:
  friend class Puller;
  class State;
  explicit Delivery(std::unique_ptr<State> state);
  Result<void> decode(const EventType& type, void* data) const;
  Result<void> publish(const EventType& type, const void* data, PublishOptions options);
  std::unique_ptr<State> state_;
};

struct PullerOptions {
  std::string service;              // who we are in decisions; empty: the group
  int crash_attempts_max = 3;       // an event that ended its process so often is a dead letter; >= 1
  std::vector<Observer> observers;  // called by the thread that pulls and settles
  // What its deliveries may publish: event_types<A, B>(). Their topics are declared by open().
  std::vector<const EventType*> publishes;
};

class Puller final {
 public:
  // Joins the group. Blocks. invalid: the options, or the specification, also when the group reads a topic twice;
  // conflict: a command's second group, or a topic that is there and differs.
  static Result<Puller> open(transport::Transport& transport, Executor& executor,
                             const transport::SubscriptionSpec& spec, PullerOptions options = {});
  Puller(Puller&&) noexcept;
  Puller& operator=(Puller&&) noexcept;
  // Leaves the group. What is unsettled goes to others, charged nothing: Deliveries that are left answer `conflict`.
  ~Puller();

  // Waits for the next event of any key; none at the deadline. A deadline in the past: what is there now.
  // An event that may have ended its process is pulled alone: after what is unsettled here, and before anything else.
  // (Here: what other pullers of the process do meanwhile is not known; keep them apart by processes.)
  // unavailable: the transport could not be reached until the deadline; pull again. overloaded: running_max deliveries
  // are unsettled; settle one.
  Result<std::optional<Delivery>> pull(Time deadline);

 private:
  explicit Puller(std::shared_ptr<service::PullSession> session);
  std::shared_ptr<service::PullSession> session_;
};

}  // namespace tidings

#pragma GCC visibility pop
