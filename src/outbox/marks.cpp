#include "outbox/marks.hpp"

#include <fmt/format.h>

#include <array>

#include "base/flaw.hpp"
#include "outbox/store.hpp"
#include "outbox/stored_record.hpp"

namespace tidings::detail {

namespace {

// More than one transaction adds (InboxLimits::group_max), so that eviction catches up, and few enough to be short.
constexpr std::int64_t kEvictMax = 1'000;

std::int64_t micros(Time time) {
  return time.time_since_epoch().count();
}

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span{text});
}

}  // namespace

Result<std::unique_ptr<Marks>> Marks::open(std::shared_ptr<SqliteConnection> connection) {
  std::unique_ptr<Marks> marks{new Marks{std::move(connection)}};
  const std::pair<Statement*, const char*> statements[] = {
      {&marks->savepoint_, "SAVEPOINT tidings_delivery"},
      {&marks->release_, "RELEASE tidings_delivery"},
      {&marks->undo_, "ROLLBACK TO tidings_delivery"},
      {&marks->insert_,
       "INSERT INTO tidings_inbox (group_id, event_id, replay_id, digest, time) VALUES (?, ?, ?, ?, ?) "
       "ON CONFLICT DO NOTHING"},
      {&marks->find_,
       "SELECT i.mark, i.digest, o.records FROM tidings_inbox AS i LEFT JOIN tidings_outputs AS o ON o.mark = i.mark "
       "WHERE i.group_id = ? AND i.event_id = ? AND i.replay_id = ?"},
      {&marks->store_, "INSERT INTO tidings_outputs (mark, records) VALUES (?, ?)"},
      {&marks->forget_,
       "DELETE FROM tidings_outputs WHERE mark = "
       "(SELECT mark FROM tidings_inbox WHERE group_id = ? AND event_id = ? AND replay_id = ?)"},
      {&marks->find_group_, "SELECT group_id FROM tidings_groups WHERE name = ?"},
      {&marks->insert_group_, "INSERT INTO tidings_groups (name) VALUES (?)"},
      {&marks->bounds_,
       "SELECT i.mark, i.time, (SELECT max(mark) FROM tidings_inbox) FROM tidings_inbox AS i WHERE i.mark > ? AND "
       "NOT EXISTS (SELECT 1 FROM tidings_outputs AS o WHERE o.mark = i.mark) ORDER BY i.mark LIMIT 1"},
      {&marks->evict_,
       "DELETE FROM tidings_inbox WHERE mark IN (SELECT mark FROM (SELECT i.mark, i.time FROM tidings_inbox AS i "
       "WHERE i.mark > ? AND NOT EXISTS (SELECT 1 FROM tidings_outputs AS o WHERE o.mark = i.mark) "
       "ORDER BY i.mark LIMIT ?) WHERE mark <= ? OR time < ?)"},
  };
  for (const auto& [statement, sql] : statements) {
    auto prepared = marks->connection_->prepare(sql);
    if (!prepared) return prepared.error();
    *statement = std::move(*prepared);
  }
  return marks;
}

Result<void> Marks::undo_savepoint() {
  if (auto undone = undo_.run(); !undone) return undone;
  return release_.run();
}

Result<std::int64_t> Marks::group_id(std::string_view group) {
  if (const auto known = groups_.find(group); known != groups_.end()) return known->second;
  std::int64_t id = 0;
  auto found = find_group_.first({group}, [&](const SqliteRow& row) { id = row.integer(0); });
  if (!found) return found.error();
  if (!*found) {
    if (auto inserted = insert_group_.run({group}); !inserted) return inserted.error();
    id = sqlite3_last_insert_rowid(connection_->raw());
  }
  groups_.emplace(group, id);
  return id;
}

Result<std::optional<std::int64_t>> Marks::insert(const InboxKey& key, Time now) {
  auto group = group_id(key.group);
  if (!group) return group.error();
  const StoredId event{key.event_id};
  const StoredId replay{flawed(Flaw::inbox_replays_alike) ? "" : key.replay_id};
  auto inserted =
      insert_.run({*group, event.value(), replay.value(), static_cast<std::int64_t>(key.digest), micros(now)});
  if (!inserted) return inserted.error();
  if (sqlite3_changes(connection_->raw()) == 0) return std::optional<std::int64_t>{};
  return std::optional{sqlite3_last_insert_rowid(connection_->raw())};
}

Result<Marks::Known> Marks::find(const InboxKey& key) {
  auto group = group_id(key.group);
  if (!group) return group.error();
  const StoredId event{key.event_id};
  const StoredId replay{flawed(Flaw::inbox_replays_alike) ? "" : key.replay_id};
  Known known;
  Result<std::vector<transport::Record>> outputs = std::vector<transport::Record>{};
  auto found = find_.first({*group, event.value(), replay.value()}, [&](const SqliteRow& row) {
    known.mark = row.integer(0);
    known.digest = static_cast<std::uint64_t>(row.integer(1));
    if (!row.is_null(2)) outputs = decode_records(row.blob(2));
  });
  if (!found) return found.error();
  if (!*found) return corrupt(fmt::format("the inbox refused the mark of event {} and does not know it", key.event_id));
  if (!outputs) return outputs.error();
  known.unconfirmed = std::move(*outputs);
  return known;
}

Result<void> Marks::store_outputs(std::int64_t mark, std::span<const transport::Record> outputs) {
  encode_records(outputs, encoded_);
  return store_.run({mark, bytes_of(encoded_)});
}

Result<void> Marks::forget_outputs(std::span<const MarkKey> keys) {
  for (const MarkKey& key : keys) {
    auto group = group_id(key.group);
    if (!group) return group.error();
    const StoredId event{key.event_id};
    const StoredId replay{key.replay_id};
    if (auto forgotten = forget_.run({*group, event.value(), replay.value()}); !forgotten) return forgotten;
  }
  return {};
}

Result<bool> Marks::eviction_is_due(const InboxLimits& limits, Time now, std::int64_t& newest_of_surplus) {
  std::int64_t oldest = 0;
  Time oldest_time;
  std::int64_t newest = 0;
  auto found = bounds_.first({evict_from_}, [&](const SqliteRow& row) {
    oldest = row.integer(0);
    oldest_time = Time{Duration{row.integer(1)}};
    newest = row.integer(2);
  });
  if (!found || !*found) return found;
  newest_of_surplus = newest - static_cast<std::int64_t>(limits.marks_max);
  const bool due = oldest <= newest_of_surplus || oldest_time < now - limits.age_max;
  // What was passed over is beyond the limits and still unconfirmed: do not look at it again in every transaction.
  if (due) evict_from_ = oldest - 1;
  return due;
}

Result<void> Marks::evict(const InboxLimits& limits, Time now) {
  std::int64_t newest_of_surplus = 0;
  auto due = eviction_is_due(limits, now, newest_of_surplus);
  if (!due) return due.error();
  if (!*due) return {};
  return evict_.run({evict_from_, kEvictMax, newest_of_surplus, micros(now - limits.age_max)});
}

}  // namespace tidings::detail
