// Our tables in the user's database. Format: docs/formats/inbox-sqlite.md.
#pragma once

#include <string>

#include "outbox/sqlite_connection.hpp"

namespace tidings::detail {

inline constexpr int kStoreFormat = 1;

// Creates what is missing and returns the store's id. unsupported: a newer format.
Result<std::string> ensure_store(SqliteConnection& connection);

// Ids that are UUIDs as we write them take 16 bytes in a key, others stand as text. Text and bytes differ to SQLite,
// so that no two ids can fall together.
class StoredId {
 public:
  explicit StoredId(std::string_view id);
  SqliteValue value() const;

 private:
  std::string_view text_;
  std::array<std::byte, 16> uuid_{};
  bool is_uuid_ = false;
};

}  // namespace tidings::detail
