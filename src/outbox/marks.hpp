// The statements of the inbox on one connection. What they mean together is in sqlite_inbox.cpp.
//
// Threads: one at a time; each call needs an open transaction, but for open().
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "outbox/sqlite_connection.hpp"
#include "tidings/inbox.hpp"

namespace tidings::detail {

// InboxKey that outlives its call.
struct MarkKey {
  std::string group;
  std::string event_id;
  std::string replay_id;
};

class Marks final {
 public:
  static Result<std::unique_ptr<Marks>> open(std::shared_ptr<SqliteConnection> connection);

  SqliteConnection& connection() { return *connection_; }
  const std::shared_ptr<SqliteConnection>& shared_connection() const { return connection_; }

  // The number that stands for a group; given here when it is new. Call it before the savepoint: what is new is kept.
  Result<std::int64_t> group_id(std::string_view group);

  Result<void> open_savepoint() { return savepoint_.run(); }
  Result<void> close_savepoint() { return release_.run(); }
  Result<void> undo_savepoint();

  // The new mark's number; nothing: it exists.
  Result<std::optional<std::int64_t>> insert(const InboxKey& key, Time now);

  struct Known {
    std::int64_t mark = 0;
    std::uint64_t digest = 0;
    std::vector<transport::Record> unconfirmed;
  };
  Result<Known> find(const InboxKey& key);

  Result<void> store_outputs(std::int64_t mark, std::span<const transport::Record> outputs);
  Result<void> forget_outputs(std::span<const MarkKey> keys);

  // Deletes at most kEvictMax marks that are beyond the limits.
  Result<void> evict(const InboxLimits& limits, Time now);

  // The transaction was rolled back: groups that it named are not there.
  void forget_groups() { groups_.clear(); }

 private:
  explicit Marks(std::shared_ptr<SqliteConnection> connection) : connection_{std::move(connection)} {}
  Result<bool> eviction_is_due(const InboxLimits& limits, Time now, std::int64_t& newest_of_surplus);

  const std::shared_ptr<SqliteConnection> connection_;
  std::map<std::string, std::int64_t, std::less<>> groups_;
  std::string encoded_;          // reused
  std::int64_t evict_from_ = 0;  // up to here only marks with unconfirmed outputs are left
  Statement savepoint_, release_, undo_, insert_, find_, store_, forget_, find_group_, insert_group_, bounds_, evict_;
};

}  // namespace tidings::detail
