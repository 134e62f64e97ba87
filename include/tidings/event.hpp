// What an event is: its declaration (EventInfo), its envelope, and what a handler receives.
//
// Threads: values.
// Wire:    docs/wire.md.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "tidings/names.hpp"

#pragma GCC visibility push(default)

namespace tidings {

// How a struct is an event. Specialise `event_info<E>` for it, beside BOOST_DESCRIBE_STRUCT:
//
//   template <> inline constexpr tidings::EventInfo tidings::event_info<OrderCreated>{.type = "OrderCreated", .topic =
//   "orders"};
//
// Exactly one of `topic` and `destination` is set. A `destination` makes it a command: it goes to exactly one
// subscription, and no pattern ever matches it. (Every field has an initialiser: what is left out gives no warning.)
struct EventInfo {
  std::string_view type = {};         // UpperCamel, as the article writes it; types compare by their words
  std::string_view topic = {};        // an event's stream
  std::string_view destination = {};  // a command's stream
  int version = 1;                    // of the data; several structs may share a type at different versions

  constexpr bool is_command() const { return !destination.empty(); }
  constexpr std::string_view stream() const { return is_command() ? destination : topic; }
};

template <class E>
inline constexpr EventInfo event_info{};

template <class E>
concept Event = !event_info<E>.type.empty() && event_info<E>.topic.empty() != event_info<E>.destination.empty();

namespace detail {

// Whether E is an event, said at compile time in our words: the first error of a type that is none. Callers go on only
// when it is one, so that no other error follows.
template <class E>
consteval bool is_event() {
  static_assert(Event<E>,
                "tidings: this type is no event: specialise tidings::event_info<E> for it, with a type and exactly one "
                "of topic and destination; see tidings/event.hpp");
  return Event<E>;
}

}  // namespace detail

// Everything about an event but its data.
struct Envelope {
  std::string id;            // a UUID, or what a foreign producer chose
  std::string type;          // as published: `OrderCreated`, `ORDER_CREATED`, `order.created` are one
  Time time{};               // when it happened
  std::string aggregate_id;  // what it is about; the default key
  int version = 1;
  std::string correlation_id;                   // the same for all events of one story
  std::string causation_id;                     // the id of the event that caused this one
  std::map<std::string, std::string> metadata;  // a value that is not a JSON string is kept as its JSON text

  friend bool operator==(const Envelope&, const Envelope&) = default;
};

// An event published while `cause` is handled: fills what `child` leaves empty. Correlation id: the cause's, or its id
// when it has none; causation id: the cause's id; aggregate id (and so the key): the cause's.
void inherit(const Envelope& cause, Envelope& child);

// One event as a handler of a batch sees it. The references live as long as the call.
template <class E>
struct Received {
  const Envelope& envelope;
  const E& data;
};

}  // namespace tidings

#pragma GCC visibility pop
