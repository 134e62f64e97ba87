// What a handler knows about the delivery it handles, and what it can do there.
//
// Owns:    the events that the handler publishes, until the delivery is settled.
// Threads: the handler's; do not keep it, nor hand it to another thread.
#pragma once

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <typeindex>

#include "tidings/event.hpp"
#include "tidings/event_type.hpp"
#include "tidings/publish_options.hpp"
#include "tidings/result.hpp"

#pragma GCC visibility push(default)

namespace tidings {

class Context {
 public:
  virtual ~Context() = default;

  virtual const Envelope& envelope() const = 0;
  const std::string& event_id() const { return envelope().id; }
  const std::string& aggregate_id() const { return envelope().aggregate_id; }
  const std::string& correlation_id() const { return envelope().correlation_id; }

  virtual std::string_view topic() const = 0;
  virtual std::optional<std::string_view> key() const = 0;
  virtual int attempt() const = 0;    // 1 at the first run
  virtual bool replayed() const = 0;  // by an operator: a dead letter or a range
  // More than 1: wraps of a batch handler see its context once for all of the batch; the rest here speaks of its first
  // event. publish() is `unsupported` there.
  virtual std::size_t batch_size() const { return 1; }
  virtual Time now() const = 0;  // of the executor
  // Set at the handler's timeout and at the second stop signal; long handlers look at it.
  virtual std::stop_token stop() const = 0;

  // Publishes when this handler succeeds, with the settlement; not at all when it fails. Same correlation id, caused by
  // this event, by default the same aggregate id and key.
  // invalid: the type was not declared by publishes<E>(), it cannot be encoded, or it is too large for the transport.
  // overloaded: this handling has published 10'000 events, or 64 MiB of them.
  template <class E>
  Result<void> publish(const E& event, PublishOptions options = {}) {
    if constexpr (detail::is_event<E>()) return publish(event_type<E>(), &event, std::move(options));
  }

  // The open transaction of the inbox: the handler's effect belongs in it.
  // Throws std::logic_error when the subscription has no inbox, or one of another database.
  template <class T>
  T& transaction() {
    return *static_cast<T*>(transaction(typeid(T)));
  }

 protected:
  virtual Result<void> publish(const EventType& type, const void* data, PublishOptions options) = 0;
  virtual void* transaction(std::type_index type) = 0;
};

}  // namespace tidings

#pragma GCC visibility pop
