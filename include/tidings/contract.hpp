// What a service reads and publishes: the whole of it is known before it starts (--describe prints it).
//
// Base of Service and Bus. Threads: before start only, by one.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "tidings/event.hpp"
#include "tidings/event_type.hpp"
#include "tidings/handler.hpp"

#pragma GCC visibility push(default)

namespace tidings {

// A batch handler, type-erased: one result for each event. `data[i]` points to an E.
using BatchFunction = std::function<std::vector<Result<void>>(std::span<const Envelope* const> envelopes,
                                                              std::span<const void* const> data)>;

template <class H, class E>
concept BatchHandlerFor = std::is_invocable_r_v<std::vector<Result<void>>, H&, std::span<const Received<E>>>;

namespace detail {

template <class E, class H>
BatchFunction erase_batch_handler(H handler) {
  return [handler = std::make_shared<H>(std::move(handler))](std::span<const Envelope* const> envelopes,
                                                             std::span<const void* const> data) {
    std::vector<Received<E>> received;
    received.reserve(data.size());
    for (std::size_t i = 0; i < data.size(); ++i) received.push_back({*envelopes[i], *static_cast<const E*>(data[i])});
    return (*handler)(std::span<const Received<E>>{received});
  };
}

}  // namespace detail

// One `on`, as declared.
struct Registration {
  const EventType* type = nullptr;  // null: any event (run gets an AnyEvent)
  On options;
  HandlerFunction run;
  BatchFunction run_batch;  // instead of `run`; wraps go around it, too
  BatchLimits batch;
};

// What a topic keeps, and how long. Where the topic has another retention already (of its first declaration, or by an
// operator), it keeps that: a start only says so.
struct TopicPolicy {
  transport::Retention retention;
};

// A topic (or a command's destination) as declared with `publishes`.
struct DeclaredTopic {
  std::string topic;
  TopicPolicy policy;
};

class Contract {
 public:
  // Declares that this service publishes these types. Publishing another one is `invalid`.
  template <class... E>
  void publishes() {
    (publish_type<E>(), ...);
  }

  // The same, with what is kept of its topic: publishes<OrderCreated>({.retention = {.age = std::chrono::days{7}}}). Of
  // several types on one topic one says it, or all the same.
  template <class E>
  void publishes(TopicPolicy policy) {
    publish_type<E>();
    if constexpr (detail::is_event<E>()) topics_.push_back({std::string{event_info<E>.stream()}, policy});
  }

  // Handles events of type E.
  template <class E, class H>
  void on(H handler, On options = {}) {
    static_assert(
        HandlerFor<H, E>,
        "tidings: a handler takes (const E&) or (const E&, tidings::Context&) and returns tidings::Result<void> or "
        "void; see tidings/handler.hpp");
    if constexpr (detail::is_event<E>() && HandlerFor<H, E>) {
      add({.type = &event_type<E>(),
           .options = std::move(options),
           .run = detail::erase_handler<E>(std::move(handler))});
    }
  }

  // The same with a member function: on<E>(&Payments::charge, payments). The object must live as long as the service.
  template <class E, class M, class C>
  requires std::is_member_function_pointer_v<M>
  void on(M method, C& object, On options = {}) {
    // Whether it takes the event, and the context, is said by the handler's own check.
    on<E>(
        [&object, method](const E& event,
                          auto&... context) -> std::invoke_result_t<M, C&, const E&, decltype(context)...> {
          return std::invoke(method, object, event, context...);
        },
        std::move(options));
  }

  // Handles every event that the subscription gets and no typed handler takes. `options` names a topic or a pattern.
  template <class H>
  void on_any(H handler, On options) {
    static_assert(HandlerFor<H, AnyEvent>,
                  "tidings: a handler of any event takes (const tidings::AnyEvent&) or (const tidings::AnyEvent&, "
                  "tidings::Context&) and returns tidings::Result<void> or void; see tidings/handler.hpp");
    if constexpr (HandlerFor<H, AnyEvent>) {
      add({.options = std::move(options), .run = detail::erase_handler<AnyEvent>(std::move(handler))});
    }
  }

  // Handles events of type E in batches: `handler(std::span<const Received<E>>)` returns one Result<void> for each.
  // When it throws, the batch is bisected until the event that does it stands alone. It publishes nothing and has no
  // inbox. Lines that it logs carry the first event's id and type and the batch's size; for those about one event open
  // a LogScope.
  template <class E, class H>
  void on_batch(H handler, BatchLimits limits = {}, On options = {}) {
    static_assert(BatchHandlerFor<H, E>,
                  "tidings: a batch handler takes std::span<const tidings::Received<E>> and returns "
                  "std::vector<tidings::Result<void>>, one for each; see tidings/contract.hpp");
    if constexpr (detail::is_event<E>() && BatchHandlerFor<H, E>) {
      add({.type = &event_type<E>(),
           .options = std::move(options),
           .run_batch = detail::erase_batch_handler<E>(std::move(handler)),
           .batch = limits});
    }
  }

  // Wraps every handler, innermost of the pipeline's stages; the last one added is the outermost of them.
  void wrap(Wrap wrap) { wraps_.push_back(std::move(wrap)); }

  const std::vector<const EventType*>& published() const { return published_; }
  const std::vector<DeclaredTopic>& topics() const { return topics_; }  // whose policy was given
  const std::vector<Registration>& registrations() const { return registrations_; }
  const std::vector<Wrap>& wraps() const { return wraps_; }

 protected:
  Contract() = default;
  ~Contract() = default;

  // For what a configuration changes about policies (Service).
  std::vector<Registration>& registrations_to_configure() { return registrations_; }
  std::vector<DeclaredTopic>& topics_to_configure() { return topics_; }

 private:
  template <class E>
  void publish_type() {
    if constexpr (detail::is_event<E>()) published_.push_back(&event_type<E>());
  }
  void add(Registration registration) { registrations_.push_back(std::move(registration)); }

  std::vector<const EventType*> published_;
  std::vector<DeclaredTopic> topics_;
  std::vector<Registration> registrations_;
  std::vector<Wrap> wraps_;
};

}  // namespace tidings

#pragma GCC visibility pop
