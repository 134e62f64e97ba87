#include "tidings/outbox.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>

#include "outbox/sqlite_connection.hpp"
#include "outbox/store.hpp"
#include "outbox/stored_record.hpp"
#include "tidings/codec.hpp"
#include "tidings/uuid.hpp"
#include "transport/event_record.hpp"

namespace tidings {

namespace {

// After a full outbox was counted it is not counted again for that long: a count reads all of it.
constexpr Duration kFullFor = std::chrono::seconds{1};

}  // namespace

class Outbox::State {
 public:
  State(const Sqlite& database, OutboxOptions options)
      : shared_{database.connection()->shared()}, options_{std::move(options)} {
    std::ranges::sort(options_.publishes);
  }

  Result<void> publish(SqliteTransaction& transaction, const EventType& type, const void* data,
                       PublishOptions options) {
    if (auto allowed = check(transaction, type); !allowed) return allowed;
    auto record = encode(type, data, std::move(options));
    if (!record) return record.error();
    std::string bytes;
    detail::encode_records(std::span{&*record, 1}, bytes);
    const std::int64_t now = shared_->executor->now().time_since_epoch().count();
    auto stored = transaction.execute("INSERT INTO tidings_outbox (time, record) VALUES (?, ?)", now,
                                      std::as_bytes(std::span{bytes}));
    if (!stored) return stored.error();
    const std::int64_t sequence = sqlite3_last_insert_rowid(transaction.raw());
    if (auto room = make_sure_of_room(transaction, sequence); !room) return room;
    transaction.connection()->raise_outbox_on_commit();
    return {};
  }

 private:
  Result<void> check(const SqliteTransaction& transaction, const EventType& type) const {
    if (transaction.of() == SqliteTransaction::Of::handler) {
      return invalid(
          "an outbox takes no events of handlers: publish them with Context::publish, they leave with the "
          "settlement");
    }
    if (std::ranges::binary_search(options_.publishes, &type)) return {};
    return invalid(
        fmt::format("the outbox got an event of type {} that was not declared; add publishes<{}>() to the "
                    "service and its type to OutboxOptions::publishes",
                    type.info.type, type.info.type));
  }

  Result<transport::Record> encode(const EventType& type, const void* data, PublishOptions options) {
    Envelope envelope{.id = std::move(options.id),
                      .type = std::string{type.info.type},
                      .time = options.time.value_or(shared_->executor->now()),
                      .aggregate_id = std::move(options.aggregate_id),
                      .version = type.info.version,
                      .correlation_id = std::move(options.correlation_id),
                      .metadata = std::move(options.metadata)};
    if (envelope.id.empty()) envelope.id = new_id(*shared_->executor);
    if (envelope.correlation_id.empty()) envelope.correlation_id = new_id(*shared_->executor);
    auto record = transport::to_record(
        {.topic = type.info.stream(), .envelope = envelope, .key = options.key, .type = type.data, .data = data},
        codecs_.standard(), options_.profile);
    if (!record) {
      return invalid(fmt::format("the event {} cannot be published: {}", type.info.type, record.error().message));
    }
    if (const std::size_t size = transport::size_of(*record); size > options_.record_bytes_max) {
      return invalid(
          fmt::format("the event {} has {} bytes as a record, the transport takes {}; publish a reference to "
                      "the data instead",
                      type.info.type, size, options_.record_bytes_max));
    }
    return record;
  }

  // Sequences only grow, so what was counted once allows that many more without another count.
  Result<void> make_sure_of_room(SqliteTransaction& transaction, std::int64_t sequence) {
    if (sequence <= room_until_.load(std::memory_order_relaxed)) return {};
    const Time now = shared_->executor->now();
    if (now >= full_until_.load(std::memory_order_relaxed)) {
      auto count = transaction.value<std::int64_t>("SELECT count(*) FROM (SELECT 1 FROM tidings_outbox LIMIT ?)",
                                                   static_cast<std::int64_t>(options_.rows_max) + 1);
      if (!count) return count.error();
      const auto room = static_cast<std::int64_t>(options_.rows_max) - **count;
      if (room >= 0) {
        room_until_.store(sequence + room, std::memory_order_relaxed);
        return {};
      }
      full_until_.store(now + kFullFor, std::memory_order_relaxed);
    }
    auto removed = transaction.execute("DELETE FROM tidings_outbox WHERE sequence = ?", sequence);
    if (!removed) return removed.error();
    return overloaded(fmt::format(
        "{}: {} events wait in the outbox; see that a relay runs and that it reaches its transport, then try again",
        shared_->path, options_.rows_max));
  }

  const std::shared_ptr<detail::SqliteShared> shared_;
  OutboxOptions options_;
  const Codecs codecs_;
  std::atomic<std::int64_t> room_until_{0};  // up to this sequence
  std::atomic<Time> full_until_{Time{}};
};

Outbox::Outbox(std::unique_ptr<State> state) : state_{std::move(state)} {}
Outbox::Outbox(Outbox&&) noexcept = default;
Outbox& Outbox::operator=(Outbox&&) noexcept = default;
Outbox::~Outbox() = default;

Result<Outbox> Outbox::open(const Sqlite& database, OutboxOptions options) {
  if (options.rows_max < 1) return invalid("OutboxOptions::rows_max must be 1 or more");
  if (auto store = detail::ensure_store(*database.connection()); !store) return store.error();
  return Outbox{std::make_unique<State>(database, std::move(options))};
}

Result<void> Outbox::publish(SqliteTransaction& transaction, const EventType& type, const void* data,
                             PublishOptions options) {
  return state_->publish(transaction, type, data, std::move(options));
}

}  // namespace tidings
