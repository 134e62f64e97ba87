#include "outbox/outbox_rows.hpp"

#include <utility>

#include "outbox/store.hpp"
#include "outbox/stored_record.hpp"

namespace tidings::detail {

namespace {

constexpr std::int64_t kReadMax = 1'024;  // rows in one read, so that it pins the log for a short time only

Result<RelayRow> row_of(const SqliteRow& row) {
  auto records = decode_records(row.blob(1));
  if (!records) return records.error();
  if (records->size() != 1)
    return corrupt("a row of the outbox holds not one record; keep the database and look at it");
  return RelayRow{row.integer(0), std::move(records->front())};
}

}  // namespace

Result<std::unique_ptr<OutboxRows>> OutboxRows::open(const std::shared_ptr<SqliteShared>& shared) {
  auto connection = SqliteConnection::open(shared);
  if (!connection) return connection.error();
  if (auto store = ensure_store(**connection); !store) return store.error();
  if (auto set = (*connection)->script("PRAGMA synchronous = NORMAL"); !set) return set.error();
  std::unique_ptr<OutboxRows> rows{new OutboxRows{std::move(*connection)}};
  const std::pair<Statement*, const char*> statements[] = {
      {&rows->next_, "SELECT sequence, record FROM tidings_outbox WHERE sequence > ? ORDER BY sequence LIMIT ?"},
      {&rows->one_, "SELECT sequence, record FROM tidings_outbox WHERE sequence = ?"},
      {&rows->delete_, "DELETE FROM tidings_outbox WHERE sequence BETWEEN ? AND ?"},
      {&rows->refuse_, "UPDATE tidings_outbox SET refused = ? WHERE sequence = ?"},
  };
  for (const auto& [statement, sql] : statements) {
    auto prepared = rows->connection_->prepare(sql);
    if (!prepared) return prepared.error();
    *statement = std::move(*prepared);
  }
  return rows;
}

Result<bool> OutboxRows::fill(RelayWindow& window) {
  const std::array<SqliteValue, 2> values{window.cursor(), kReadMax};
  if (auto bound = next_.bind(values); !bound) return bound.error();
  std::int64_t read = 0;
  Result<bool> more = true;
  while (window.has_room() && (more = next_.step()) && *more) {
    ++read;
    if (auto row = row_of(next_.row())) {
      window.add(std::move(*row));
    } else {
      damaged_.push_back({next_.row().integer(0), row.error().message});
      window.pass(damaged_.back().sequence);
    }
  }
  next_.reset();
  if (!more) return more.error();
  return read == kReadMax;
}

Result<std::optional<RelayRow>> OutboxRows::read(std::int64_t sequence) {
  Result<RelayRow> row = RelayRow{};
  auto found = one_.first({sequence}, [&](const SqliteRow& columns) { row = row_of(columns); });
  if (!found) return found.error();
  if (!*found) return std::optional<RelayRow>{};
  if (!row) return row.error();
  return std::optional{std::move(*row)};
}

Result<void> OutboxRows::settle(const std::vector<std::int64_t>& confirmed, const std::vector<Refused>& refused) {
  if (confirmed.empty() && refused.empty() && damaged_.empty()) return {};
  if (auto begun = connection_->begin(); !begun) return begun;
  auto done = write(confirmed, refused);
  if (done) done = connection_->commit();
  if (!done) connection_->rollback();
  if (done) damaged_.clear();
  return done;
}

Result<void> OutboxRows::write(const std::vector<std::int64_t>& confirmed, const std::vector<Refused>& refused) {
  for (std::size_t from = 0; from < confirmed.size();) {
    std::size_t to = from;
    while (to + 1 < confirmed.size() && confirmed[to + 1] == confirmed[to] + 1) ++to;
    if (auto gone = delete_.run({confirmed[from], confirmed[to]}); !gone) return gone;
    from = to + 1;
  }
  for (const std::vector<Refused>* list : {&refused, &std::as_const(damaged_)}) {
    for (const Refused& one : *list) {
      if (auto noted = refuse_.run({one.why, one.sequence}); !noted) return noted;
    }
  }
  return {};
}

}  // namespace tidings::detail
