// The port through which the pipeline makes effects idempotent (promise P7). Stores: sqlite.hpp.
//
// Mark, the handler's effect and the events that it published commit together in the user's own database.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <typeindex>
#include <vector>

#include "tidings/names.hpp"
#include "tidings/result.hpp"
#include "tidings/transport/record.hpp"

#pragma GCC visibility push(default)

namespace tidings {

// What a mark stands for: one event, in one group, once (per replay with `again`).
struct InboxKey {
  std::string_view group;
  std::string_view event_id;
  std::string_view replay_id;  // empty but for a range replay with `again`
  std::uint64_t digest = 0;    // of the data: the same id with another digest is a conflict
};

struct InboxLimits {
  Duration age_max = std::chrono::days{14};  // marks older than that may be evicted
  std::uint64_t marks_max = 10'000'000;      // and the oldest beyond that number; never those with unconfirmed outputs
  std::size_t group_max = 512;               // deliveries in one transaction, at most
  Duration group_time_max = std::chrono::milliseconds{20};  // a transaction takes no more deliveries after that
};

// One open transaction. Deliveries pass one after another: admit, then keep or undo; in the end commit or destroy
// (which rolls all back). Threads: one.
class InboxTransaction {
 public:
  virtual ~InboxTransaction() = default;

  enum class Seen { fresh, duplicate, conflict };
  struct Admission {
    Seen seen = Seen::fresh;
    std::vector<transport::Record> unconfirmed;  // of a duplicate: outputs to send again, with the same ids
  };
  // fresh: a savepoint is open, in which the handler runs.
  virtual Result<Admission> admit(const InboxKey& key) = 0;
  // Writes mark and outputs and closes the savepoint.
  virtual Result<void> keep(std::span<const transport::Record> outputs) = 0;
  // Undoes all since admit().
  virtual Result<void> undo() = 0;
  // Durable when it returns well; otherwise nothing of it happened. conflict: a constraint that is checked now.
  virtual Result<void> commit() = 0;
  // False: the database rolled all of it back by itself (a statement of the handler asked for that, the disk is full).
  virtual bool alive() const = 0;

  // What Context::transaction<T>() hands to the handler.
  virtual void* handle() = 0;
  virtual std::type_index handle_type() const = 0;
};

// Threads: any. A transaction belongs to the thread that began it.
class Inbox {
 public:
  virtual ~Inbox() = default;

  // Names the store, for ever: two instances of a group with different stores are refused at start-up.
  virtual Result<std::string> store_id() = 0;
  virtual const InboxLimits& limits() const = 0;
  // Blocks until the database lets us write: other transactions, of this inbox too, have ended. unavailable: that took
  // too long; try again.
  virtual Result<std::unique_ptr<InboxTransaction>> begin(Time now) = 0;
  // The outputs of these events are confirmed; recorded with the next transaction.
  virtual void confirmed(std::string_view group, std::string_view event_id, std::string_view replay_id) = 0;
};

}  // namespace tidings

#pragma GCC visibility pop
