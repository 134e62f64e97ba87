// One SQLite handle: prepared statements, waiting for other writers, and the write transaction.
//
// Owns:    the handle and every statement made from it (they must go first: Statement is held by the same owner).
// Threads: one at a time.
#pragma once

#include <sqlite3.h>

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "outbox/signal.hpp"
#include "outbox/write_turn.hpp"
#include "tidings/sqlite.hpp"

namespace tidings::detail {

// Of the inbox, around each delivery.
inline constexpr std::string_view kDeliverySavepoint = "tidings_delivery";

template <auto close>
struct Closer {
  void operator()(auto* handle) const { close(handle); }
};
using ConnectionHandle = std::unique_ptr<sqlite3, Closer<sqlite3_close_v2>>;
using StatementHandle = std::unique_ptr<sqlite3_stmt, Closer<sqlite3_finalize>>;

// A prepared statement. Values of one use are gone after the next.
class Statement final {
 public:
  Statement() = default;
  explicit Statement(StatementHandle handle) : handle_{std::move(handle)} {}

  explicit operator bool() const { return handle_ != nullptr; }
  SqliteRow row() const { return SqliteRow{handle_.get()}; }
  sqlite3_stmt* get() const { return handle_.get(); }

  // Views in `values` must live until reset().
  Result<void> bind(std::span<const SqliteValue> values);
  // True: there is a row.
  Result<bool> step();
  void reset() { sqlite3_reset(handle_.get()); }

  // bind, step to the end, reset.
  Result<void> run(std::initializer_list<SqliteValue> values = {});
  // bind, step once, `on_row` if there is a row, reset. False: no row.
  template <class OnRow>
  Result<bool> first(std::initializer_list<SqliteValue> values, OnRow&& on_row) {
    if (auto bound = bind(std::span{values.begin(), values.size()}); !bound) return bound.error();
    auto found = step();
    if (found && *found) on_row(row());
    reset();
    return found;
  }

 private:
  StatementHandle handle_;
};

// What connections of one open() share.
struct SqliteShared {
  SqliteShared(std::string path_, const SqliteOptions& options_, std::shared_ptr<Executor> executor_)
      : path{std::move(path_)},
        options{options_},
        executor{std::move(executor_)},
        turn{executor},
        outbox{std::make_shared<Signal>(executor)} {}

  const std::string path;
  const SqliteOptions options;
  const std::shared_ptr<Executor> executor;
  WriteTurn turn;
  const std::shared_ptr<Signal> outbox;  // raised when events for the relay were committed
};

class SqliteConnection final {
 public:
  static Result<std::shared_ptr<SqliteConnection>> open(std::shared_ptr<SqliteShared> shared);
  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  sqlite3* raw() const { return handle_.get(); }
  const std::shared_ptr<SqliteShared>& shared() const { return shared_; }
  Executor& executor() const { return *shared_->executor; }

  // A statement of ours, to be kept by the caller.
  Result<Statement> prepare(std::string_view sql);

  // A user's statement, kept in the cache. It may not begin or end transactions.
  Result<std::int64_t> run(std::string_view sql, std::span<const SqliteValue> values,
                           const SqliteSession::OnRow& on_row);
  Result<void> script(const std::string& sql);

  // The write transaction. begin() waits for other writers, also of this connection: from there until commit() or
  // rollback(), which let the next one in, it belongs to the caller's thread.
  // A failed commit() leaves it open.
  Result<void> begin();
  Result<void> commit();
  void rollback();
  void raise_outbox_on_commit() { raises_outbox_ = true; }
  // SQLite ends a transaction by itself on some errors (a full disk): false then.
  bool in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }

 private:
  struct Kept {
    Statement statement;
    std::uint64_t used = 0;
    bool running = false;
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  explicit SqliteConnection(std::shared_ptr<SqliteShared> shared) : shared_{std::move(shared)} {}
  Result<void> set_up();
  Result<void> check_alive() const;
  Result<std::int64_t> run(Statement& statement, std::span<const SqliteValue> values,
                           const SqliteSession::OnRow& on_row);
  Result<Statement> prepare_users(std::string_view sql);
  void make_room();
  void give_turn_back();
  int on_busy(int count);
  static int on_busy(void* self, int count);
  static int authorize(void* self, int action, const char* first, const char* second, const char* schema,
                       const char* trigger);

  const std::shared_ptr<SqliteShared> shared_;
  ConnectionHandle handle_;
  std::unordered_map<std::string, Kept, TextHash, std::equal_to<>> kept_;
  std::uint64_t uses_ = 0;
  bool preparing_users_ = false;
  Time busy_until_{};
  Statement begin_, commit_, rollback_;
  bool has_turn_ = false;
  bool raises_outbox_ = false;
};

}  // namespace tidings::detail
