#include <fmt/format.h>

#include "base/flaw.hpp"
#include "outbox/confirmations.hpp"
#include "outbox/marks.hpp"
#include "outbox/store.hpp"
#include "tidings/sqlite.hpp"

namespace tidings {

namespace {

using detail::Confirmations;
using detail::MarkKey;
using detail::Marks;

class SqliteInboxTransaction final : public InboxTransaction {
 public:
  SqliteInboxTransaction(std::shared_ptr<Marks> marks, std::shared_ptr<Confirmations> confirmations, Time now)
      : marks_{std::move(marks)},
        confirmations_{std::move(confirmations)},
        handle_{marks_->shared_connection(), SqliteTransaction::Of::handler},
        now_{now} {}

  ~SqliteInboxTransaction() override {
    if (committed_) return;
    marks_->forget_groups();
    marks_->connection().rollback();  // from here on another thread may use them
    confirmations_->put_back(std::move(forgotten_));
  }

  // What is confirmed and what is too old goes with this transaction. A failure here is one of the transaction.
  Result<void> clean_up(const InboxLimits& limits) {
    forgotten_ = confirmations_->take(Confirmations::Waiting::no);
    if (auto done = marks_->forget_outputs(forgotten_); !done) return done;
    return marks_->evict(limits, now_);
  }

  Result<Admission> admit(const InboxKey& key) override {
    if (open_) return invalid("the inbox got an event before the last one was kept or undone");
    if (auto alive = check_alive(); !alive) return alive.error();
    if (auto group = marks_->group_id(key.group); !group) return group.error();
    if (auto opened = marks_->open_savepoint(); !opened) return opened.error();
    auto mark = marks_->insert(key, now_);
    if (mark && *mark) {
      open_ = *mark;
      return Admission{};
    }
    auto admission = mark ? admit_known(key) : Result<Admission>{mark.error()};
    if (check_alive()) {
      if (auto closed = marks_->undo_savepoint(); !closed) return closed.error();
    }
    return admission;
  }

  Result<void> keep(std::span<const transport::Record> outputs) override {
    if (auto ready = check_open(); !ready) return ready;
    if (!outputs.empty()) {
      if (auto stored = marks_->store_outputs(*open_, outputs); !stored) return stored;
    }
    open_.reset();
    return marks_->close_savepoint();
  }

  Result<void> undo() override {
    if (auto ready = check_open(); !ready) return ready;
    open_.reset();
    if (flawed(Flaw::inbox_undo_keeps)) return marks_->close_savepoint();
    return marks_->undo_savepoint();
  }

  Result<void> commit() override {
    if (open_) return invalid("the inbox was to commit before the last event was kept or undone");
    auto done = marks_->connection().commit();
    committed_ = static_cast<bool>(done);
    return done;
  }

  bool alive() const override { return marks_->connection().in_transaction(); }

  void* handle() override { return &handle_; }
  std::type_index handle_type() const override { return typeid(SqliteTransaction); }

 private:
  Result<Admission> admit_known(const InboxKey& key) {
    auto known = marks_->find(key);
    if (!known) return known.error();
    if (known->digest != key.digest) return Admission{.seen = Seen::conflict};
    return Admission{.seen = Seen::duplicate, .unconfirmed = std::move(known->unconfirmed)};
  }

  Result<void> check_alive() const {
    if (alive()) return {};
    return unavailable(
        "SQLite rolled the inbox's transaction back (a full disk, an I/O error, or a statement's ROLLBACK); its "
        "deliveries will be handled again");
  }

  Result<void> check_open() const {
    if (!open_) return invalid("the inbox has no open event to keep or undo");
    return check_alive();
  }

  const std::shared_ptr<Marks> marks_;
  const std::shared_ptr<Confirmations> confirmations_;
  SqliteTransaction handle_;
  const Time now_;
  std::vector<MarkKey> forgotten_;
  std::optional<std::int64_t> open_;  // the mark whose savepoint is open
  bool committed_ = false;
};

class SqliteInbox final : public Inbox {
 public:
  SqliteInbox(std::shared_ptr<Marks> marks, std::shared_ptr<Marks> idle_marks, std::string store_id,
              const InboxLimits& limits)
      : marks_{std::move(marks)},
        idle_marks_{std::move(idle_marks)},
        store_id_{std::move(store_id)},
        limits_{limits},
        confirmations_{std::make_shared<Confirmations>(marks_->connection().shared()->executor)},
        idle_{marks_->connection().executor().spawn("inbox-idle", [this] { clean_up_when_idle(); })} {}

  ~SqliteInbox() override {
    confirmations_->stop();
    idle_.reset();
    while (forget(confirmations_->take(Confirmations::Waiting::no))) {
    }
  }

  Result<std::string> store_id() override { return store_id_; }
  const InboxLimits& limits() const override { return limits_; }

  Result<std::unique_ptr<InboxTransaction>> begin(Time now) override {
    if (auto begun = marks_->connection().begin(); !begun) return begun.error();
    auto transaction = std::make_unique<SqliteInboxTransaction>(marks_, confirmations_, now);
    if (auto cleaned = transaction->clean_up(limits_); !cleaned) return cleaned.error();
    return std::unique_ptr<InboxTransaction>{std::move(transaction)};
  }

  void confirmed(std::string_view group, std::string_view event_id, std::string_view replay_id) override {
    confirmations_->add({std::string{group}, std::string{event_id}, std::string{replay_id}});
  }

 private:
  void clean_up_when_idle() {
    while (true) {
      std::vector<MarkKey> keys = confirmations_->take(Confirmations::Waiting::long_enough);
      if (keys.empty()) return;
      if (!forget(keys)) confirmations_->put_back(std::move(keys));
    }
  }

  // False: nothing to do, or the database does not let us now.
  bool forget(const std::vector<MarkKey>& keys) {
    if (keys.empty()) return false;
    detail::SqliteConnection& connection = idle_marks_->connection();
    if (!connection.begin()) return false;
    if (idle_marks_->forget_outputs(keys) && connection.commit()) return true;
    idle_marks_->forget_groups();
    connection.rollback();
    return false;
  }

  const std::shared_ptr<Marks> marks_;
  const std::shared_ptr<Marks> idle_marks_;  // of the idle thread, on a connection of its own
  const std::string store_id_;
  const InboxLimits limits_;
  const std::shared_ptr<Confirmations> confirmations_;
  std::unique_ptr<Thread> idle_;
};

Result<void> validate(const InboxLimits& limits) {
  if (limits.age_max <= Duration::zero()) return invalid("InboxLimits::age_max must be above 0");
  if (limits.marks_max < 1) return invalid("InboxLimits::marks_max must be 1 or more");
  if (limits.group_max < 1 || limits.group_max > 10'000) {
    return invalid(fmt::format("InboxLimits::group_max is {}; set 1 to 10000", limits.group_max));
  }
  if (limits.group_time_max <= Duration::zero()) return invalid("InboxLimits::group_time_max must be above 0");
  return {};
}

}  // namespace

Result<std::shared_ptr<Inbox>> open_sqlite_inbox(const Sqlite& database, InboxLimits limits) {
  if (auto fine = validate(limits); !fine) return fine.error();
  std::shared_ptr<Marks> marks[2];
  std::string store_id;
  for (auto& each : marks) {
    auto connection = detail::SqliteConnection::open(database.connection()->shared());
    if (!connection) return connection.error();
    auto id = detail::ensure_store(**connection);
    if (!id) return id.error();
    store_id = std::move(*id);
    auto opened = Marks::open(std::move(*connection));
    if (!opened) return opened.error();
    each = std::move(*opened);
  }
  return std::shared_ptr<Inbox>{std::make_shared<SqliteInbox>(marks[0], marks[1], store_id, limits)};
}

Result<std::shared_ptr<Inbox>> open_sqlite_inbox(const std::string& path, InboxLimits limits,
                                                 std::shared_ptr<Executor> executor) {
  auto database = Sqlite::open(path, {}, std::move(executor));
  if (!database) return database.error();
  return open_sqlite_inbox(*database, limits);
}

}  // namespace tidings
