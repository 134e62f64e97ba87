// Handlers: what a service does with events. Lambdas, member functions, or classes with `handle`.
//
//   Result<void> f(const E&)             Result<void> f(const E&, Context&)
//   void f(const E&)                     void f(const E&, Context&)            (a failure is an exception)
//   struct H { Result<void> handle(const E&, Context&); };
//
// A handler may run on several threads at once, for different keys; never twice at once for one key.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "tidings/context.hpp"
#include "tidings/inbox.hpp"
#include "tidings/retry.hpp"
#include "tidings/transport/transport.hpp"

#pragma GCC visibility push(default)

namespace tidings {

// What happens to a handler that is past its timeout. No thread is ever killed: it runs to its end, nothing of its key
// starts until then.
enum class OnTimeout {
  report,  // its result counts as if it had come in time
  fail,    // a failed attempt; what it published is dropped
};

// Of one `on`. Fields under "subscription" belong to all handlers of the group on the topic or pattern: give them
// once, or give the same values; differing ones are `invalid` at start-up.
struct On {
  // handler
  RetryPolicy retry;
  Duration timeout = std::chrono::minutes{5};  // > 0
  OnTimeout on_timeout = OnTimeout::report;

  // subscription
  std::string group;                          // default: the service's name
  std::string topic;                          // default: the type's topic; not with `pattern`
  std::string pattern;                        // AMQP syntax over dotted types
  std::vector<std::string> topics;            // with `pattern`: further topics, of foreign producers
  std::string queue;                          // RabbitMQ: the queue to read, by the name that others gave it
  std::optional<transport::Sharing> sharing;  // default shared
  std::optional<int> concurrency;             // lanes that run at once; default 1, 1..1'024
  std::optional<RetryOrder> order;            // default strict
  std::optional<transport::Start> start;      // default: the beginning
  // Default: the service's; nullptr: none, its effects may repeat. A broadcast never has one: it would hand each event
  // to the first instance only. A batch cannot have one either, and must say so (nullptr) where the service has one.
  std::optional<std::shared_ptr<Inbox>> inbox;
  std::optional<Unwanted> unhandled;      // a type without a handler here; default skip
  std::optional<Unwanted> require_id;     // dead_letter: events without an id are refused; default skip = let them pass
  std::optional<int> crash_attempts_max;  // default 3
  std::optional<std::size_t> in_flight_max;  // default 1'024; with an inbox 4'096
};

struct BatchLimits {
  std::size_t size = 100;                         // 1..10'000
  Duration wait = std::chrono::milliseconds{10};  // a smaller batch is handed over after that
};

// Any event of a subscription, as it came: for services that listen to everything. A record whose body is null (a
// tombstone) comes, too, as far as its headers tell of it; to typed handlers it is a dead letter, `undecodable`.
struct AnyEvent {
  const Envelope& envelope;
  std::string_view data;  // JSON text of the data; empty for a tombstone
  const transport::RecordView& record;
};

template <class H, class E>
concept HandlerWithContext = requires(H& handler, const E& event, Context& context) {
  { handler(event, context) } -> std::convertible_to<Result<void>>;
}
|| requires(H& handler, const E& event, Context& context) {
  { handler(event, context) } -> std::same_as<void>;
};

template <class H, class E>
concept HandlerOfEvent = requires(H& handler, const E& event) {
  { handler(event) } -> std::convertible_to<Result<void>>;
}
|| requires(H& handler, const E& event) {
  { handler(event) } -> std::same_as<void>;
};

template <class H, class E>
concept HandlerClassWithContext = requires(H& handler, const E& event, Context& context) {
  { handler.handle(event, context) } -> std::convertible_to<Result<void>>;
}
|| requires(H& handler, const E& event, Context& context) {
  { handler.handle(event, context) } -> std::same_as<void>;
};

template <class H, class E>
concept HandlerClassOfEvent = requires(H& handler, const E& event) {
  { handler.handle(event) } -> std::convertible_to<Result<void>>;
}
|| requires(H& handler, const E& event) {
  { handler.handle(event) } -> std::same_as<void>;
};

template <class H, class E>
concept HandlerClass = HandlerClassWithContext<H, E> || HandlerClassOfEvent<H, E>;

template <class H, class E>
concept HandlerFor = HandlerWithContext<H, E> || HandlerOfEvent<H, E> || HandlerClass<H, E>;

// Type-erased: `data` points to an E. Exceptions pass through.
using HandlerFunction = std::function<Result<void>(const void* data, Context& context)>;

// Innermost wrap of users: called with the handler, returns what runs in its place. Around a batch handler it runs once
// for the whole batch (Context::batch_size()): an error of its own, or a throw, is the batch's, which is then bisected.
// It must not look into `data`.
using Wrap = std::function<HandlerFunction(HandlerFunction)>;

namespace detail {

template <class F>
Result<void> as_result(F&& run) {
  if constexpr (std::is_void_v<decltype(run())>) {
    run();
    return {};
  } else {
    return run();
  }
}

template <class E, class H>
HandlerFunction erase_handler(H handler) {
  return [handler = std::make_shared<H>(std::move(handler))](const void* data, Context& context) -> Result<void> {
    const E& event = *static_cast<const E*>(data);
    if constexpr (HandlerWithContext<H, E>) {
      return as_result([&] { return (*handler)(event, context); });
    } else if constexpr (HandlerOfEvent<H, E>) {
      return as_result([&] { return (*handler)(event); });
    } else if constexpr (HandlerClassWithContext<H, E>) {
      return as_result([&] { return handler->handle(event, context); });
    } else {
      return as_result([&] { return handler->handle(event); });
    }
  };
}

}  // namespace detail

}  // namespace tidings

#pragma GCC visibility pop
