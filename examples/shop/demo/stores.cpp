#include "stores.hpp"

#include <fmt/format.h>

#include "groups.hpp"
#include "tidings/sqlite.hpp"

namespace shop {

using tidings::Result;
using tidings::Sqlite;
using tidings::SqliteRow;

namespace {

constexpr std::size_t kPage = 1'000;

// Ids of an inbox's marks (docs/formats/inbox-sqlite.md): a UUID stands there as its 16 bytes.
constexpr auto kMarks = R"(
  SELECT CASE typeof(event_id) WHEN 'blob' THEN
    lower(substr(hex(event_id), 1, 8) || '-' || substr(hex(event_id), 9, 4) || '-' || substr(hex(event_id), 13, 4) ||
          '-' || substr(hex(event_id), 17, 4) || '-' || substr(hex(event_id), 21))
    ELSE event_id END
  FROM tidings_inbox JOIN tidings_groups USING (group_id) WHERE name = ?)";

class Database {
 public:
  static Result<Database> open(const std::string& directory, std::string_view file) {
    const auto path = fmt::format("{}/{}", directory, file);
    auto database = Sqlite::open(path);
    if (!database) return tidings::Error{database.error().kind, path + ": " + database.error().message};
    return Database{path, std::move(*database)};
  }

  template <class... Values>
  Result<void> read(const std::function<void(const SqliteRow&)>& on_row, std::string_view sql,
                    const Values&... values) {
    auto done = database_.query(on_row, sql, values...);
    if (!done) return tidings::Error{done.error().kind, path_ + ": " + done.error().message};
    return done;
  }

 private:
  Database(std::string path, Sqlite database) : path_{std::move(path)}, database_{std::move(database)} {}

  std::string path_;
  Sqlite database_;
};

Result<void> read_marks(Database& database, std::string_view group, Stores& stores) {
  auto& marks = stores.accepted[std::string{group}];
  return database.read([&](const SqliteRow& row) { marks.emplace_back(row.text(0)); }, kMarks, group);
}

Result<void> read_orders_of(Database& database, Stores& stores) {
  auto read = database.read(
      [&](const SqliteRow& row) {
        stores.orders.push_back(
            {std::string{row.text(0)}, row.integer(1), tidings::Money{row.integer(2)}, std::string{row.text(3)}});
      },
      "SELECT order_id, quantity, cents, state FROM orders");
  if (!read) return read;
  return database.read([&](const SqliteRow& row) { stores.unsent = static_cast<std::uint64_t>(row.integer(0)); },
                       "SELECT count(*) FROM tidings_outbox");
}

Result<void> read_payments(Database& database, Stores& stores) {
  const auto into = [](std::vector<PaymentRow>& rows) {
    return [&rows](const SqliteRow& row) {
      rows.push_back({std::string{row.text(0)}, tidings::Money{row.integer(1)}, static_cast<int>(row.integer(2))});
    };
  };
  auto read = database.read(into(stores.payments), "SELECT order_id, cents, attempts FROM payments");
  if (!read) return read;
  return database.read(into(stores.refusals), "SELECT order_id, cents, attempts FROM refusals");
}

Result<void> read_reservations(Database& database, Stores& stores) {
  return database.read(
      [&](const SqliteRow& row) {
        stores.reservations.push_back({std::string{row.text(0)}, row.integer(1)});
      },
      "SELECT order_id, quantity FROM reservations");
}

Result<void> read_emails(Database& database, Stores& stores) {
  return database.read([&](const SqliteRow& row) { stores.emails.emplace_back(row.text(0)); },
                       "SELECT order_id FROM emails");
}

Result<void> read_totals(Database& database, Stores& stores) {
  return database.read(
      [&](const SqliteRow& row) {
        stores.counted[std::string{row.text(0)}] = row.integer(1);
        stores.revenue += tidings::Money{row.integer(2)};
      },
      "SELECT type, events, cents FROM totals");
}

Result<void> read_audit(Database& database, Stores& stores) {
  return database.read([&](const SqliteRow& row) { stores.audited.emplace_back(row.text(0)); },
                       "SELECT event_id FROM log");
}

struct Reader {
  std::string_view group;
  Result<void> (*read)(Database&, Stores&);
};
constexpr Reader kReaders[] = {{"order-service", read_orders_of},        {"payment-service", read_payments},
                               {"inventory-service", read_reservations}, {"notification-service", read_emails},
                               {"analytics-service", read_totals},       {"audit-service", read_audit}};

Result<void> read_published(tidings::transport::History& history, Stores& stores) {
  for (const auto topic : kTopics) {
    auto& rows = stores.published[std::string{topic}];
    const auto collect = [&](const tidings::transport::HistoryEntry& entry) {
      rows.push_back({std::string{entry.record.id}, std::string{entry.record.type}});
      return true;
    };
    tidings::transport::Cursor after;
    for (std::size_t before = 0;; before = rows.size()) {
      auto next = history.read({.topic = std::string{topic}}, after, kPage, collect);
      if (!next) return next.error();
      if (rows.size() == before) break;
      after = *next;
    }
  }
  return {};
}

Result<void> read_dead(tidings::transport::DeadLetters& letters, Stores& stores) {
  for (std::string after;;) {
    auto page = letters.browse({}, after, kPage);
    if (!page) return page.error();
    if (page->empty()) return {};
    for (auto& letter : *page)
      stores.dead.push_back(
          {letter.id, letter.record.id, letter.group, letter.record.topic, letter.reason, letter.error});
    after = page->back().id;
  }
}

Result<void> read_lag(tidings::transport::Topology& topology, Stores& stores) {
  auto states = topology.lag();
  if (!states) return states.error();
  for (const auto& state : *states) stores.unsettled += state.unsettled;
  return {};
}

}  // namespace

Result<Stores> read_databases(const std::string& directory) {
  Stores stores;
  for (const auto& service : kServices) {
    auto database = Database::open(directory, service.database);
    if (!database) return database.error();
    if (auto read = read_marks(*database, service.group, stores); !read) return read.error();
    for (const auto& reader : kReaders) {
      if (reader.group != service.group) continue;
      if (auto read = reader.read(*database, stores); !read) return read.error();
    }
  }
  return stores;
}

Result<Stores> read_stores(const std::string& directory, tidings::transport::Transport& transport) {
  const auto operations = transport.operations();
  if (operations.topology == nullptr || operations.dead_letters == nullptr || operations.history == nullptr)
    return tidings::unsupported("this transport does not tell what it keeps; run the shop on local:");
  auto stores = read_databases(directory);
  if (!stores) return stores;
  if (auto read = read_published(*operations.history, *stores); !read) return read.error();
  if (auto read = read_dead(*operations.dead_letters, *stores); !read) return read.error();
  if (auto read = read_lag(*operations.topology, *stores); !read) return read.error();
  return stores;
}

}  // namespace shop
