// Publishing outside handlers, in the user's own transaction: what it wrote and what it published happen together.
//
//   auto outbox = tidings::Outbox::open(database, {.publishes = {&tidings::event_type<OrderCreated>()}});
//   database.transact([&](tidings::SqliteTransaction& transaction) -> tidings::Result<void> {
//     if (auto placed = transaction.execute("INSERT INTO orders VALUES (?)", id); !placed) return placed.error();
//     return outbox->publish(transaction, order, {.aggregate_id = id});
//   });
//
// and, on a thread of its own (Service::background, say), the relay that sends what was committed:
//
//   auto relay = tidings::Relay::open(database, std::move(publisher));
//   return relay->run(stop);
//
// What a handler publishes does not come here: it leaves with the settlement (Context::publish).
// Blocks:  every call, on the database (sqlite.hpp, with its errors); run() until stopped.
// Format:  docs/formats/inbox-sqlite.md, table tidings_outbox.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string_view>
#include <utility>
#include <vector>

#include "tidings/event_type.hpp"
#include "tidings/profile.hpp"
#include "tidings/publish_options.hpp"
#include "tidings/result.hpp"
#include "tidings/sqlite.hpp"
#include "tidings/transport/transport.hpp"

#pragma GCC visibility push(default)

namespace tidings {

struct OutboxOptions {
  std::vector<const EventType*> publishes;  // Contract::published(); another type is refused as `invalid`
  Profile profile = Profile::kafka;         // of the transport that the relay sends to: Capabilities::profile
  std::size_t record_bytes_max = 1u << 20;  // larger events are refused: Capabilities::record_bytes_max
  std::uint64_t rows_max = 1'000'000;       // events that wait for the relay; about that many, then `overloaded`. >= 1
};

// Threads: any; each call by the thread of its transaction.
class Outbox final {
 public:
  // Creates the tables where they are missing. invalid: an option; unsupported: the tables are of a newer format.
  static Result<Outbox> open(const Sqlite& database, OutboxOptions options);
  Outbox(Outbox&&) noexcept;
  Outbox& operator=(Outbox&&) noexcept;
  ~Outbox();

  // Stores the event; it is sent after the transaction is committed, and never when it is rolled back. Its id is fixed
  // here, so that a relay that sends it twice sends the same event.
  // invalid: undeclared type, not encodable, too large, or a handler's transaction (publish with the Context there).
  // overloaded: rows_max; the relay does not keep up, or the transport is away. Roll back and try again later.
  template <Event E>
  Result<void> publish(SqliteTransaction& transaction, const E& event, PublishOptions options = {}) {
    return publish(transaction, event_type<E>(), &event, std::move(options));
  }

 private:
  class State;
  explicit Outbox(std::unique_ptr<State> state);
  Result<void> publish(SqliteTransaction& transaction, const EventType& type, const void* data, PublishOptions options);
  std::unique_ptr<State> state_;
};

// An event that the transport refused. References are valid during the call only.
struct RelayRefusal {
  std::int64_t sequence = 0;  // its row in tidings_outbox
  std::string_view event_id;
  std::string_view topic;
  const Error& error;
  int refusals = 0;  // 1: for the first time since this relay runs
};

struct RelayOptions {
  std::size_t in_flight_max = 4'096;  // events read and not confirmed, refused ones included. At that many refused
                                      // keys nothing more is sent. 1..100'000
  std::size_t bytes_max = 16u << 20;  // of them, about. >= 1
  Duration poll_every = std::chrono::milliseconds{100};   // how soon commits of other processes are seen; those of
                                                          // connections of this database (Sqlite::connect) at once
  Duration retry_first = std::chrono::milliseconds{100};  // a refused event is sent again after that, then twice that,
  Duration retry_max = std::chrono::seconds{5};           // and so on up to this
  Duration stop_within = std::chrono::seconds{5};         // how long a stop waits for confirmations
  std::function<void(const RelayRefusal&)> on_refused;    // for logs: on the relay's thread, must be short
};

// Sends what outboxes stored, in the order of commits for each topic and key, each at least once with the same id: an
// event of a key leaves when those of the key before it are confirmed, so a key's rate is one event a round trip. A
// refused one is tried again for ever and holds back its key only. One relay of a store is active, over all processes;
// the others wait and take over when it ends or dies.
//
// Threads: run() by one.
class Relay final {
 public:
  // `database`: that of the outbox, so that its commits wake the relay. Errors: as Outbox::open.
  static Result<Relay> open(const Sqlite& database, std::unique_ptr<transport::Publisher> publisher,
                            RelayOptions options = {});
  Relay(Relay&&) noexcept;
  Relay& operator=(Relay&&) noexcept;
  ~Relay();

  // Blocks until stopped. What is unconfirmed then is sent again by the next relay.
  // corrupt, invalid, unsupported: of the database; what can pass (busy, a full disk) is waited for.
  Result<void> run(std::stop_token stop);

 private:
  class State;
  explicit Relay(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tidings

#pragma GCC visibility pop
