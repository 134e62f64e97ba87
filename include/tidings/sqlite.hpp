// SQLite as the user's database: connections, the transaction that handlers write in, and the inbox on it.
//
//   auto database = tidings::Sqlite::open("payments.db");
//   database->script("CREATE TABLE IF NOT EXISTS payments (id TEXT PRIMARY KEY, cents INTEGER NOT NULL)");
//   service.use(*tidings::open_sqlite_inbox(*database));
//   service.on<OrderCreated>([](const OrderCreated& order, tidings::Context& context) -> tidings::Result<void> {
//     auto& transaction = context.transaction<tidings::SqliteTransaction>();
//     auto inserted = transaction.execute("INSERT INTO payments VALUES (?, ?)", context.aggregate_id(), 1'999);
//     ...
//
// Blocks:  every call, on the disk; a write also on other writers, at most SqliteOptions::busy_timeout.
// Format:  docs/formats/inbox-sqlite.md, version 1; our tables are named tidings_*.
// Errors:  overloaded (disk full), unavailable (busy, I/O), conflict (a constraint), corrupt (damaged file),
//          invalid (SQL or program), unsupported (not a local disk, a newer format).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "tidings/executor.hpp"
#include "tidings/inbox.hpp"
#include "tidings/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

#pragma GCC visibility push(default)

namespace tidings {

struct SqliteOptions {
  Duration busy_timeout = std::chrono::seconds{10};  // a write that waited that long for others is `unavailable`; > 0
  std::size_t cache_bytes = 16u << 20;       // pages in memory, a connection; a bigger transaction spills to the disk
  std::size_t statements_max = 64;           // prepared statements kept by their text, a connection; 1..10'000
  std::size_t checkpoint_bytes = 16u << 20;  // the log is written back to the file beyond that; bigger: fewer pages
                                             // written twice, a longer start after a crash
};

// What a statement takes and a row gives. Views: of text and bytes that live as long as the call.
using SqliteValue = std::variant<std::nullptr_t, std::int64_t, double, std::string_view, std::span<const std::byte>>;

// One row of a result; valid during the callback.
class SqliteRow final {
 public:
  explicit SqliteRow(sqlite3_stmt* statement) : statement_{statement} {}

  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string_view text(int column) const;
  std::span<const std::byte> blob(int column) const;

  // T: an integer, bool, double, std::string, or an optional of these (empty for NULL).
  template <class T>
  T get(int column) const;

 private:
  sqlite3_stmt* statement_;
};

namespace detail {

class SqliteConnection;

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
SqliteValue to_sqlite(const T& value) {
  if constexpr (is_optional<T>) {
    return value ? to_sqlite(*value) : SqliteValue{nullptr};
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<std::int64_t>(value);
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<double>(value);
  } else if constexpr (std::is_same_v<T, std::nullptr_t> || std::is_same_v<T, SqliteValue>) {
    return value;
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return std::string_view{value};
  } else {
    static_assert(std::is_convertible_v<const T&, std::span<const std::byte>>,
                  "tidings: a statement's argument is an integer, a floating point number, text, bytes "
                  "(std::span<const std::byte>), nullptr, or an optional of these");
    return std::span<const std::byte>{value};
  }
}

}  // namespace detail

// Runs single SQL statements; prepared ones are kept by their text, so pass values as arguments, not in the text.
// Base of Sqlite and SqliteTransaction. Threads: one at a time.
class SqliteSession {
 public:
  using OnRow = std::function<void(const SqliteRow&)>;

  // Returns how many rows it changed.
  template <class... Values>
  Result<std::int64_t> execute(std::string_view sql, const Values&... values) {
    return run(sql, std::array<SqliteValue, sizeof...(values)>{detail::to_sqlite(values)...}, {});
  }

  // Calls `on_row` for each row of the result.
  template <class... Values>
  Result<void> query(const OnRow& on_row, std::string_view sql, const Values&... values) {
    auto done = run(sql, std::array<SqliteValue, sizeof...(values)>{detail::to_sqlite(values)...}, on_row);
    if (!done) return done.error();
    return {};
  }

  // The first column of the first row; nothing when there is no row.
  template <class T, class... Values>
  Result<std::optional<T>> value(std::string_view sql, const Values&... values) {
    std::optional<T> first;
    auto done = query(
        [&](const SqliteRow& row) {
          if (!first) first = row.get<T>(0);
        },
        sql, values...);
    if (!done) return done.error();
    return first;
  }

  // For code that speaks to SQLite itself. Leave transactions and savepoints of ours alone.
  sqlite3* raw();
  // For ours.
  const std::shared_ptr<detail::SqliteConnection>& connection() const { return connection_; }

 protected:
  explicit SqliteSession(std::shared_ptr<detail::SqliteConnection> connection);
  ~SqliteSession();
  SqliteSession(SqliteSession&&) noexcept;
  SqliteSession& operator=(SqliteSession&&) noexcept;

  std::shared_ptr<detail::SqliteConnection> connection_;

 private:
  Result<std::int64_t> run(std::string_view sql, std::span<const SqliteValue> values, const OnRow& on_row);
};

// An open transaction that somebody else ends: Sqlite::transact(), or the inbox. What handlers write in.
class SqliteTransaction final : public SqliteSession {
 public:
  enum class Of { user, handler };

  // For ours: `connection` has an open transaction.
  SqliteTransaction(std::shared_ptr<detail::SqliteConnection> connection, Of of);
  ~SqliteTransaction();

  Of of() const { return of_; }

 private:
  Of of_;
};

// One connection to a database file: WAL, synchronous=FULL, foreign keys on.
//
// Threads: one at a time; connect() gives each further thread its own.
class Sqlite final : public SqliteSession {
 public:
  // Creates the file where it is missing. Not ":memory:": unsupported.
  static Result<Sqlite> open(const std::string& path, const SqliteOptions& options = {},
                             std::shared_ptr<Executor> executor = thread_executor());

  // Another connection to the same database. Writers of connections that come from one open() queue up in order;
  // those of other processes are waited for by looking again.
  Result<Sqlite> connect() const;

  // Statements divided by semicolons: a schema, say.
  Result<void> script(const std::string& sql);

  // Runs `body` in a transaction (BEGIN IMMEDIATE); commits when it returns well, else rolls back and returns its
  // error. Durable when it returns well. Exceptions roll back and pass through.
  Result<void> transact(const std::function<Result<void>(SqliteTransaction&)>& body);

  const std::string& path() const;

 private:
  explicit Sqlite(std::shared_ptr<detail::SqliteConnection> connection);
};

// The inbox on a database (promise P7): Context::transaction<SqliteTransaction>() is the open transaction.
// It opens a connection of its own. Instances of one host may share the file.
// invalid: a limit out of range; unsupported: the tables are of a newer format.
Result<std::shared_ptr<Inbox>> open_sqlite_inbox(const Sqlite& database, InboxLimits limits = {});
Result<std::shared_ptr<Inbox>> open_sqlite_inbox(const std::string& path, InboxLimits limits = {},
                                                 std::shared_ptr<Executor> executor = thread_executor());

// What `doctor` shows of our tables.
struct SqliteStoreReport {
  std::string store_id;
  int format = 0;
  std::uint64_t marks = 0;
  std::uint64_t unconfirmed = 0;           // marks with outputs that nobody confirmed yet
  std::optional<Time> oldest_unconfirmed;  // when its mark was set
  std::uint64_t unsent = 0;                // events of the outbox that wait for the relay
  std::optional<Time> oldest_unsent;       // when it was published
  std::uint64_t refused = 0;               // of those, how many the transport refused at the last try
  std::string refused_error;               // why, for the oldest of them
};

// Creates our tables where they are missing; else reads only. Blocks for a full count: seconds at millions of marks.
Result<SqliteStoreReport> check_sqlite_store(Sqlite& database);

template <class T>
T SqliteRow::get(int column) const {
  if constexpr (detail::is_optional<T>) {
    if (is_null(column)) return std::nullopt;
    return get<typename T::value_type>(column);
  } else if constexpr (std::is_same_v<T, bool>) {
    return integer(column) != 0;
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(integer(column));
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(real(column));
  } else {
    static_assert(std::is_same_v<T, std::string>, "tidings: a column is an integer, bool, double or std::string");
    return std::string{text(column)};
  }
}

}  // namespace tidings

#pragma GCC visibility pop
