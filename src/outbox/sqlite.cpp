#include "tidings/sqlite.hpp"

#include <fmt/format.h>

#include "outbox/sqlite_connection.hpp"

namespace tidings {

using detail::SqliteConnection;
using detail::SqliteShared;

namespace {

Result<void> validate(const SqliteOptions& options) {
  if (options.busy_timeout <= Duration::zero()) return invalid("SqliteOptions::busy_timeout must be above 0");
  if (options.statements_max < 1 || options.statements_max > 10'000) {
    return invalid(fmt::format("SqliteOptions::statements_max is {}; set 1 to 10000", options.statements_max));
  }
  return {};
}

}  // namespace

bool SqliteRow::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::int64_t SqliteRow::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

double SqliteRow::real(int column) const {
  return sqlite3_column_double(statement_, column);
}

std::string_view SqliteRow::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::span<const std::byte> SqliteRow::blob(int column) const {
  const auto* bytes = static_cast<const std::byte*>(sqlite3_column_blob(statement_, column));
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

SqliteSession::SqliteSession(std::shared_ptr<SqliteConnection> connection) : connection_{std::move(connection)} {}
SqliteSession::~SqliteSession() = default;
SqliteSession::SqliteSession(SqliteSession&&) noexcept = default;
SqliteSession& SqliteSession::operator=(SqliteSession&&) noexcept = default;

sqlite3* SqliteSession::raw() {
  return connection_->raw();
}

Result<std::int64_t> SqliteSession::run(std::string_view sql, std::span<const SqliteValue> values,
                                        const OnRow& on_row) {
  return connection_->run(sql, values, on_row);
}

SqliteTransaction::SqliteTransaction(std::shared_ptr<SqliteConnection> connection, Of of)
    : SqliteSession{std::move(connection)}, of_{of} {}
SqliteTransaction::~SqliteTransaction() = default;

Sqlite::Sqlite(std::shared_ptr<SqliteConnection> connection) : SqliteSession{std::move(connection)} {}

Result<Sqlite> Sqlite::open(const std::string& path, const SqliteOptions& options, std::shared_ptr<Executor> executor) {
  if (auto fine = validate(options); !fine) return fine.error();
  auto shared = std::make_shared<SqliteShared>(path, options, std::move(executor));
  auto connection = SqliteConnection::open(std::move(shared));
  if (!connection) return connection.error();
  return Sqlite{std::move(*connection)};
}

Result<Sqlite> Sqlite::connect() const {
  auto connection = SqliteConnection::open(connection_->shared());
  if (!connection) return connection.error();
  return Sqlite{std::move(*connection)};
}

Result<void> Sqlite::script(const std::string& sql) {
  return connection_->script(sql);
}

Result<void> Sqlite::transact(const std::function<Result<void>(SqliteTransaction&)>& body) {
  if (connection_->in_transaction()) {
    return invalid(fmt::format("a transaction is already open on this connection to {}", path()));
  }
  if (auto begun = connection_->begin(); !begun) return begun;
  struct RollBack {
    SqliteConnection& connection;
    ~RollBack() { connection.rollback(); }
  } roll_back{*connection_};
  SqliteTransaction transaction{connection_, SqliteTransaction::Of::user};
  if (auto done = body(transaction); !done) return done;
  return connection_->commit();
}

const std::string& Sqlite::path() const {
  return connection_->shared()->path;
}

}  // namespace tidings
