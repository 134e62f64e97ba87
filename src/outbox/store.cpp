#include "outbox/store.hpp"

#include <fmt/format.h>

#include <optional>

namespace tidings::detail {

namespace {

// tidings_inbox is read by its unique index and trimmed at its old end by `mark`, which counts up. Sequences of the
// outbox are never used twice (AUTOINCREMENT): the relay reads on from the last one it saw.
constexpr const char* kSchema = R"(
CREATE TABLE tidings_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE tidings_groups (group_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE tidings_inbox (
  mark INTEGER PRIMARY KEY, group_id INTEGER NOT NULL, event_id NOT NULL, replay_id NOT NULL,
  digest INTEGER NOT NULL, time INTEGER NOT NULL, UNIQUE (group_id, event_id, replay_id));
CREATE TABLE tidings_outputs (mark INTEGER PRIMARY KEY, records BLOB NOT NULL);
CREATE TABLE tidings_outbox (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, record BLOB NOT NULL, refused TEXT);
)";

std::string random_uuid(Executor& executor) {
  const std::uint64_t high = (executor.random() & ~0xf000ull) | 0x4000ull;
  const std::uint64_t low = (executor.random() & ~(3ull << 62)) | (2ull << 62);
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xffff, high & 0xffff, low >> 48,
                     low & 0xffff'ffff'ffffull);
}

// Nothing: there are no tables of ours yet.
Result<std::optional<std::string>> existing_store(SqliteConnection& connection) {
  bool exists = false;
  auto look = connection.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'tidings_meta'");
  if (!look) return look.error();
  if (auto found = look->first({}, [&](const SqliteRow&) { exists = true; }); !found) return found.error();
  if (!exists) return std::optional<std::string>{};

  int format = 0;
  std::string id;
  auto read = connection.prepare(
      "SELECT (SELECT value FROM tidings_meta WHERE name = 'format'), "
      "(SELECT value FROM tidings_meta WHERE name = 'store_id')");
  if (!read) return read.error();
  auto found = read->first({}, [&](const SqliteRow& row) {
    format = row.get<int>(0);
    id = row.text(1);
  });
  if (!found) return found.error();
  const std::string& path = connection.shared()->path;
  if (format > kStoreFormat) {
    return unsupported(fmt::format("{}: the tables tidings_* have format {}; this build knows {}: upgrade it", path,
                                   format, kStoreFormat));
  }
  if (format < 1 || id.empty()) return corrupt(fmt::format("{}: tidings_meta lacks its format or store id", path));
  return std::optional{std::move(id)};
}

Result<std::string> create_store(SqliteConnection& connection) {
  const std::string id = random_uuid(connection.executor());
  if (auto created = connection.script(kSchema); !created) return created.error();
  auto insert = connection.prepare("INSERT INTO tidings_meta VALUES (?, ?)");
  if (!insert) return insert.error();
  if (auto done = insert->run({"format", std::to_string(kStoreFormat)}); !done) return done.error();
  if (auto done = insert->run({"store_id", id}); !done) return done.error();
  if (auto done = connection.commit(); !done) return done.error();
  return id;
}

// The 16 bytes of a UUID in its lower-case form; nothing for any other text.
bool parse_uuid(std::string_view text, std::array<std::byte, 16>& uuid) {
  constexpr std::size_t kUuidText = 36;
  if (text.size() != kUuidText) return false;
  std::size_t digits = 0;
  for (std::size_t i = 0; i < kUuidText; ++i) {
    const char c = text[i];
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (c != '-') return false;
      continue;
    }
    const int value = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (value < 0) return false;
    std::byte& byte = uuid[digits / 2];
    byte = digits % 2 == 0 ? static_cast<std::byte>(value << 4) : byte | static_cast<std::byte>(value);
    ++digits;
  }
  return true;
}

}  // namespace

Result<std::string> ensure_store(SqliteConnection& connection) {
  auto existing = existing_store(connection);
  if (!existing) return existing.error();
  if (*existing) return std::move(**existing);

  if (auto begun = connection.begin(); !begun) return begun.error();
  existing = existing_store(connection);  // another process may have been faster
  Result<std::string> id = existing && !*existing ? create_store(connection) : Result<std::string>{std::string{}};
  connection.rollback();
  if (!existing) return existing.error();
  if (*existing) return std::move(**existing);
  return id;
}

StoredId::StoredId(std::string_view id) : text_{id}, is_uuid_{parse_uuid(id, uuid_)} {}

SqliteValue StoredId::value() const {
  if (is_uuid_) return std::span<const std::byte>{uuid_};
  return text_;
}

}  // namespace tidings::detail
