// Publish and subscribe inside a program with a main of its own. `Service` is built on it.
//
// Owns:    the connection to the transport, and the threads of its subscriptions.
// Threads: declare handlers before start(), start() and stop() by one thread; everything else by any, at once.
// Blocks:  start, publish, flush, stop and ready, on the transport.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tidings/contract.hpp"
#include "tidings/decision.hpp"
#include "tidings/executor.hpp"
#include "tidings/transport/transport.hpp"

#pragma GCC visibility push(default)

namespace tidings {

// Something outside failed and is tried again until it works (P10), or is not as this program wants it. References are
// valid during the call only.
struct Trouble {
  enum class Then {
    again,  // it is tried again
    left,   // it is left as it is, and the program goes on
  };
  std::string_view subscription;  // group and what it reads
  std::string_view
      doing;  // "receive", "settle", "use the inbox", "settle an event"; "declare the topic", "keep its promises"
  const Error& error;
  Then then = Then::again;
};

struct BusOptions {
  std::string name;  // the service's: default group, and who we are to operators
  // Who this process is, of its own among those that run and the same after a restart: a broker may keep its partitions
  // for it a session long. Default: name and process id, which is nobody's after a restart.
  std::string instance;
  std::string build;             // version of the program, for operators
  std::string admin;             // address of its admin endpoint, for operators; empty: none
  std::shared_ptr<Inbox> inbox;  // for all subscriptions that name none
  transport::PublisherOptions publisher;
  std::vector<Observer> observers;
  std::function<void(const Trouble&)> on_trouble;  // for logs; any thread, must be short; once for each new trouble
  Duration discovery = std::chrono::seconds{5};    // how often it tells the deployment that it is here; > 0
};

class Bus final : public Contract {
 public:
  Bus(std::shared_ptr<transport::Transport> transport, std::shared_ptr<Executor> executor, BusOptions options);
  // As stop(kCloseWithin); what is not confirmed by then is `unavailable`. Nothing calls the program after it: neither
  // observers, nor on_trouble, nor `confirmed`. Only a handler that ignores its stop token may still run.
  ~Bus();
  Bus(const Bus&) = delete;
  Bus& operator=(const Bus&) = delete;

  // Declares topics and types, joins the groups, starts to handle. invalid: every fault of the contract at once, or a
  // group whose inbox is in another store. conflict: a command's second group, a topic that is there and differs.
  // unavailable: start again later, with a new one.
  Result<void> start();

  // Publishes and waits until it is confirmed, at most PublisherOptions::deliver_within. invalid: undeclared type, not
  // encodable, too large, not started. overloaded: too much waits, or the store is full; later. unavailable: not
  // confirmed in time: it may or may not be there, so publish again with the same id.
  template <class E>
  Result<void> publish(const E& event, PublishOptions options = {}) {
    if constexpr (detail::is_event<E>()) return publish(event_type<E>(), &event, std::move(options));
  }

  // Publishes without waiting: `confirmed` runs once, with what publish() would return, on a thread of the transport
  // or, where it is refused at once, in here; it must be short.
  template <class E>
  void publish_async(const E& event, PublishOptions options, std::function<void(Result<void>)> confirmed) {
    if constexpr (detail::is_event<E>())
      publish_async(event_type<E>(), &event, std::move(options), std::move(confirmed));
  }

  // Waits until everything published so far is confirmed or refused. unavailable: not by the deadline.
  Result<void> flush(Time deadline);

  // Stops intake, finishes what runs, settles it, releases what waits; at the deadline handlers get their stop token,
  // and what still runs is left unsettled (others get it). unavailable: not all ended by then; a second later at the
  // latest. When it returns, no observer and no on_trouble runs or is called again (one that does not return is waited
  // for until the deadline, half a second at least); `confirmed` may be called until the bus is destroyed. Neither of
  // them may stop or destroy the bus: it would wait for itself.
  Result<void> stop(Time deadline);

  // One line for each subscription: its effective stages and policies.
  std::vector<std::string> describe_pipelines() const;

  // Whether every subscription holds its connection and the transport can be reached; the error says what is missing.
  Result<void> ready(Time deadline);

  // Of each subscription, by group and what it reads: whether it can receive, settle and use its inbox now.
  struct SubscriptionState {
    std::string group;
    std::string subscription;
    Result<void> live;
  };
  std::vector<SubscriptionState> subscriptions() const;

  // What it was made with; they live as long as the bus.
  transport::Transport& transport();
  Executor& executor();

 private:
  Result<void> publish(const EventType& type, const void* data, PublishOptions options);
  void publish_async(const EventType& type, const void* data, PublishOptions options,
                     std::function<void(Result<void>)> confirmed);

  class State;
  std::unique_ptr<State> state_;
};

}  // namespace tidings

#pragma GCC visibility pop
