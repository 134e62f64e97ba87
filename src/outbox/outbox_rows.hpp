// The relay's statements. Its commits do not wait for the disk (synchronous=NORMAL): a deletion that a power cut undoes
// costs only that the event is sent again.
//
// Threads: one at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "outbox/relay_window.hpp"
#include "outbox/sqlite_connection.hpp"

namespace tidings::detail {

struct Refused {
  std::int64_t sequence = 0;
  std::string why;
};

class OutboxRows final {
 public:
  static Result<std::unique_ptr<OutboxRows>> open(const std::shared_ptr<SqliteShared>& shared);

  // Reads rows into the window while it has room. True: there may be more.
  Result<bool> fill(RelayWindow& window);
  // Nothing: it is gone, somebody discarded it.
  Result<std::optional<RelayRow>> read(std::int64_t sequence);

  // Deletes confirmed rows (`confirmed` is sorted) and notes refusals, in one transaction.
  Result<void> settle(const std::vector<std::int64_t>& confirmed, const std::vector<Refused>& refused);

 private:
  explicit OutboxRows(std::shared_ptr<SqliteConnection> connection) : connection_{std::move(connection)} {}
  Result<void> write(const std::vector<std::int64_t>& confirmed, const std::vector<Refused>& refused);

  const std::shared_ptr<SqliteConnection> connection_;
  std::vector<Refused> damaged_;  // met by fill(), noted by the next settle()
  Statement next_, one_, delete_, refuse_;
};

}  // namespace tidings::detail
