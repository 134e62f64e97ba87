// A service under test: the same code, on memory and a virtual clock. No process, no file, no wait.
//
//   tidings::testing::Harness harness{[&](tidings::Contract& service) { declare_payments(service, bank); }};
//   harness.publish(OrderCreated{...}, {.aggregate_id = "order-1"});
//   harness.run_until_idle();
//   EXPECT_EQ(harness.published<PaymentCompleted>().size(), 1u);
//   EXPECT_TRUE(harness.dead().empty());
//
// The same seed gives the same run, always. Handlers wait and read the clock by harness.executor() only.
//
// Owns:    everything: transport, clock, threads, the bus.
// Threads: one, which makes it and calls it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tidings/bus.hpp"
#include "tidings/contract.hpp"
#include "tidings/decision.hpp"
#include "tidings/testing/fault_report.hpp"

#pragma GCC visibility push(default)

namespace tidings::testing {

struct HarnessOptions {
  std::string name = "service";  // the service's: its default group
  std::uint64_t seed = 1;        // chooses among the orders in which threads may run
  std::shared_ptr<Inbox> inbox;  // for all subscriptions that name none
};

// One Decision, kept.
struct Decided {
  Step step = Step::accepted;
  Reason reason = Reason::none;
  std::string group;
  std::string subscription;
  std::string event_id;
  std::string type;
  std::string key;
  std::string correlation_id;
  int attempt = 0;
  int crashes = 0;
  std::optional<Time> due;
  std::optional<Error> error;
  Time at{};
  Duration took{};
};

// An event that the service published.
template <class E>
struct Published {
  Envelope envelope;
  std::optional<std::string> key;
  E data;
};

class Harness final {
 public:
  // `declare` says what the service publishes and handles. Throws std::invalid_argument, with every fault, when the
  // service would not start.
  explicit Harness(const std::function<void(Contract&)>& declare, HarnessOptions options = {});
  ~Harness();
  Harness(const Harness&) = delete;
  Harness& operator=(const Harness&) = delete;

  // Publishes an event as another service would: of any type. It is handled once the service is let run.
  template <Event E>
  Result<void> publish(const E& event, PublishOptions options = {}) {
    return publish(event_type<E>(), &event, std::move(options));
  }
  // Publishes bytes as they are, for what no producer should send.
  Result<void> publish(transport::Record record);

  // Lets the service run until nothing is left to do, retries included; the clock jumps to them. unavailable: it is not
  // done after `within` of virtual time; the message says what is left.
  Result<void> run_until_idle(Duration within = std::chrono::hours{24});
  // Lets the service run for exactly that long.
  void advance(Duration duration);

  // Lets the service run as run_until_idle does, and has every event come at least twice: whenever a handler has
  // succeeded, the connection is lost before the settlement is known, as at-least-once allows. A handler that stands
  // this leaves behind what one run leaves, and publishes the same with the same ids, so that others drop it. `seed`
  // draws how often an event comes (2 or 3 times) and, in small pauses before handlers, which of several keys goes
  // first; the same seed on a new Harness gives the same report.
  //
  // `snapshot` returns what the service stores as text, in an order that is always the same; it is asked before and
  // after a handler's second run. Without it only what handlers publish and what is buried is looked at. Handlers run
  // one at a time, so one with a timeout waits within it for others. With an inbox a handler does not run again once
  // its transaction is committed: what it does besides that transaction is not looked at.
  //
  // What `snapshot` throws comes out of here.
  using Snapshot = std::function<std::string()>;
  FaultReport run_with_faults(std::uint64_t seed, Snapshot snapshot = {}, Duration within = std::chrono::hours{24});

  // What the service published of type E, in order of each key.
  template <Event E>
  std::vector<Published<E>> published() {
    std::vector<Published<E>> events;
    read_published(event_type<E>(), [&](Envelope envelope, std::optional<std::string> key, const void* data) {
      events.push_back({std::move(envelope), std::move(key), *static_cast<const E*>(data)});
    });
    return events;
  }

  // All decisions so far, and those of one step.
  std::vector<Decided> decisions() const;
  std::vector<Decided> decisions(Step step) const;
  std::vector<Decided> settled() const { return decisions(Step::accepted); }
  std::vector<Decided> retried() const { return decisions(Step::retrying); }
  std::vector<Decided> dead() const { return decisions(Step::buried); }
  std::vector<Decided> skipped() const { return decisions(Step::skipped); }

  Bus& bus();
  Executor& executor();
  Time now() { return executor().now(); }

 private:
  using Take = std::function<void(Envelope, std::optional<std::string> key, const void* data)>;
  Result<void> publish(const EventType& type, const void* data, PublishOptions options);
  void read_published(const EventType& type, const Take& take);

  class State;
  std::unique_ptr<State> state_;
};

}  // namespace tidings::testing

#pragma GCC visibility pop
