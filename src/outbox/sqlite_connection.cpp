#include "outbox/sqlite_connection.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/flaw.hpp"
#include "outbox/sqlite_error.hpp"

namespace tidings::detail {

namespace {

constexpr std::size_t kPageBytes = 4'096;
constexpr std::size_t kSqlShown = 120;  // of a statement's text, in messages

// Other processes hold the database for the length of one transaction: look again soon, and not all at once.
constexpr Duration kBusyWaitFirst = std::chrono::microseconds{250};
constexpr Duration kBusyWaitMax = std::chrono::milliseconds{8};
constexpr int kBusyDoublings = 5;

std::string shown(std::string_view sql) {
  return sql.size() <= kSqlShown ? std::string{sql} : fmt::format("{}...", sql.substr(0, kSqlShown));
}

Error statement_error(sqlite3_stmt* statement, int code) {
  return sqlite_error(sqlite3_db_handle(statement), code, fmt::format("run `{}`", shown(sqlite3_sql(statement))));
}

int bind_value(sqlite3_stmt* statement, int index, const SqliteValue& value) {
  struct Binder {
    sqlite3_stmt* statement;
    int index;
    int operator()(std::nullptr_t) const { return sqlite3_bind_null(statement, index); }
    int operator()(std::int64_t number) const { return sqlite3_bind_int64(statement, index, number); }
    int operator()(double number) const { return sqlite3_bind_double(statement, index, number); }
    int operator()(std::string_view text) const {
      const char* data = text.data() != nullptr ? text.data() : "";  // a null pointer would be NULL, not ""
      return sqlite3_bind_text64(statement, index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
    }
    int operator()(std::span<const std::byte> bytes) const {
      if (bytes.empty()) return sqlite3_bind_zeroblob(statement, index, 0);
      return sqlite3_bind_blob64(statement, index, bytes.data(), bytes.size(), SQLITE_STATIC);
    }
  };
  return std::visit(Binder{statement, index}, value);
}

}  // namespace

Result<void> Statement::bind(std::span<const SqliteValue> values) {
  const auto expected = static_cast<std::size_t>(sqlite3_bind_parameter_count(get()));
  if (values.size() != expected) {
    return invalid(fmt::format("`{}` takes {} values and got {}", shown(sqlite3_sql(get())), expected, values.size()));
  }
  int index = 0;
  for (const SqliteValue& value : values) {
    if (const int code = bind_value(get(), ++index, value); code != SQLITE_OK) return statement_error(get(), code);
  }
  return {};
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return statement_error(get(), code);
}

Result<void> Statement::run(std::initializer_list<SqliteValue> values) {
  if (auto bound = bind(std::span{values.begin(), values.size()}); !bound) return bound.error();
  Result<bool> more = true;
  while (more && *more) more = step();
  reset();
  if (!more) return more.error();
  return {};
}

Result<std::shared_ptr<SqliteConnection>> SqliteConnection::open(std::shared_ptr<SqliteShared> shared) {
  std::shared_ptr<SqliteConnection> connection{new SqliteConnection{std::move(shared)}};
  if (auto ready = connection->set_up(); !ready) return ready.error();
  return connection;
}

SqliteConnection::~SqliteConnection() {
  rollback();
}

Result<void> SqliteConnection::set_up() {
  const std::string& path = shared_->path;
  sqlite3* handle = nullptr;
  constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int code = sqlite3_open_v2(path.c_str(), &handle, kFlags, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) return sqlite_error(handle, code, fmt::format("open {}", path));
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_handler(handle, &SqliteConnection::on_busy, this);

  std::string mode;
  auto journal = prepare("PRAGMA journal_mode = WAL");
  if (!journal) return journal.error();
  auto set = journal->first({}, [&](const SqliteRow& row) { mode = row.text(0); });
  if (!set) return set.error();
  if (mode != "wal") {
    return unsupported(
        fmt::format("{} keeps no write-ahead log (journal mode {}); use a file on a local disk", path, mode));
  }
  const SqliteOptions& options = shared_->options;
  auto pragmas = script(fmt::format(
      "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -{}; PRAGMA wal_autocheckpoint = {};",
      options.cache_bytes / 1024, std::max<std::size_t>(1, options.checkpoint_bytes / kPageBytes)));
  if (!pragmas) return pragmas.error();
  sqlite3_set_authorizer(handle, &SqliteConnection::authorize, this);
  for (auto [statement, sql] :
       {std::pair{&begin_, "BEGIN IMMEDIATE"}, {&commit_, "COMMIT"}, {&rollback_, "ROLLBACK"}}) {
    auto prepared = prepare(sql);
    if (!prepared) return prepared.error();
    *statement = std::move(*prepared);
  }
  return {};
}

int SqliteConnection::on_busy(void* self, int count) {
  return static_cast<SqliteConnection*>(self)->on_busy(count);
}

int SqliteConnection::on_busy(int count) {
  Executor& executor = *shared_->executor;
  const Time now = executor.now();
  if (count == 0) busy_until_ = now + shared_->options.busy_timeout;
  if (now >= busy_until_) return 0;
  const Duration step = std::min(kBusyWaitFirst * (1 << std::min(count, kBusyDoublings)), kBusyWaitMax);
  const Duration spread{static_cast<std::int64_t>(executor.random() % static_cast<std::uint64_t>(step.count()))};
  executor.sleep_until(std::min(now + step / 2 + spread, busy_until_));
  return 1;
}

// A handler that ends our transaction or savepoint would break what a mark promises.
int SqliteConnection::authorize(void* self, int action, const char* first, const char* second, const char*,
                                const char*) {
  static_cast<void>(first);
  const auto& connection = *static_cast<const SqliteConnection*>(self);
  if (!connection.preparing_users_) return SQLITE_OK;
  if (action == SQLITE_TRANSACTION) return SQLITE_DENY;
  if (action == SQLITE_SAVEPOINT && std::string_view{second} == kDeliverySavepoint) return SQLITE_DENY;
  return SQLITE_OK;
}

Result<Statement> SqliteConnection::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const char* rest = nullptr;
  const int code =
      sqlite3_prepare_v3(raw(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &statement, &rest);
  StatementHandle handle{statement};
  if (code != SQLITE_OK) return sqlite_error(raw(), code, fmt::format("understand `{}`", shown(sql)));
  const std::string_view tail = sql.substr(static_cast<std::size_t>(rest - sql.data()));
  if (!handle || tail.find_first_not_of(" \t\r\n;") != std::string_view::npos) {
    return invalid(fmt::format("`{}` is not one statement; run several with Sqlite::script", shown(sql)));
  }
  return Statement{std::move(handle)};
}

Result<Statement> SqliteConnection::prepare_users(std::string_view sql) {
  preparing_users_ = true;
  auto prepared = prepare(sql);
  preparing_users_ = false;
  return prepared;
}

void SqliteConnection::make_room() {
  if (kept_.size() < shared_->options.statements_max) return;
  auto oldest = kept_.end();
  for (auto entry = kept_.begin(); entry != kept_.end(); ++entry) {
    if (entry->second.running) continue;
    if (oldest == kept_.end() || entry->second.used < oldest->second.used) oldest = entry;
  }
  if (oldest != kept_.end()) kept_.erase(oldest);
}

Result<std::int64_t> SqliteConnection::run(std::string_view sql, std::span<const SqliteValue> values,
                                           const SqliteSession::OnRow& on_row) {
  if (auto alive = check_alive(); !alive) return alive.error();
  auto entry = kept_.find(sql);
  if (entry == kept_.end() || entry->second.running) {
    auto prepared = prepare_users(sql);
    if (!prepared) return prepared.error();
    if (entry != kept_.end()) return run(*prepared, values, on_row);  // the same text runs further out
    make_room();
    entry = kept_.emplace(std::string{sql}, Kept{.statement = std::move(*prepared)}).first;
  }
  struct Running {
    bool& flag;
    ~Running() { flag = false; }
  };
  Kept& kept = entry->second;
  kept.used = ++uses_;
  kept.running = true;
  const Running running{kept.running};
  return run(kept.statement, values, on_row);
}

Result<std::int64_t> SqliteConnection::run(Statement& statement, std::span<const SqliteValue> values,
                                           const SqliteSession::OnRow& on_row) {
  struct Reset {
    Statement& statement;
    ~Reset() { statement.reset(); }
  };
  if (auto bound = statement.bind(values); !bound) return bound.error();
  const Reset reset{statement};
  const std::int64_t before = sqlite3_total_changes64(raw());
  while (true) {
    auto more = statement.step();
    if (!more) return more.error();
    if (!*more) return sqlite3_total_changes64(raw()) - before;
    if (on_row) on_row(statement.row());
  }
}

// What is written after the end of a transaction would stay, on its own.
Result<void> SqliteConnection::check_alive() const {
  if (!has_turn_ || in_transaction() || flawed(Flaw::writes_after_rollback)) return {};
  return unavailable(
      fmt::format("{}: an earlier statement rolled the transaction back; return its error", shared_->path));
}

Result<void> SqliteConnection::script(const std::string& sql) {
  if (auto alive = check_alive(); !alive) return alive;
  preparing_users_ = has_turn_;  // inside a transaction, which somebody else ends
  const int code = sqlite3_exec(raw(), sql.c_str(), nullptr, nullptr, nullptr);
  preparing_users_ = false;
  if (code != SQLITE_OK) return sqlite_error(raw(), code, fmt::format("run the script `{}`", shown(sql)));
  return {};
}

Result<void> SqliteConnection::begin() {
  if (!shared_->turn.take(executor().now() + shared_->options.busy_timeout)) {
    return unavailable(
        fmt::format("{}: other writers of this process held the database too long; a handler writes through "
                    "Context::transaction, not through a connection of its own",
                    shared_->path));
  }
  has_turn_ = true;
  auto begun = begin_.run();
  if (!begun) rollback();
  return begun;
}

Result<void> SqliteConnection::commit() {
  if (!in_transaction()) return unavailable(fmt::format("{}: SQLite rolled the transaction back", shared_->path));
  auto committed = commit_.run();
  if (!committed) return committed;
  const bool raise = std::exchange(raises_outbox_, false);
  give_turn_back();
  if (raise) shared_->outbox->raise();
  return {};
}

void SqliteConnection::rollback() {
  if (handle_ && in_transaction() && rollback_) static_cast<void>(rollback_.run());
  raises_outbox_ = false;
  give_turn_back();
}

void SqliteConnection::give_turn_back() {
  // Before the next one gets it, who may be using this connection too.
  if (std::exchange(has_turn_, false)) shared_->turn.give_back();
}

}  // namespace tidings::detail
