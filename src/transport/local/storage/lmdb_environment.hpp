// LMDB, owned: one environment a process and store, its trees, and transactions that remember their first fault.
//
// Threads: Environment any. A transaction belongs to one thread at a time.
// Blocks:  begin of a write waits for the store's writer lock, without a deadline: only the committer does it, and who
//          makes a new store.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tidings/result.hpp"
#include "transport/local/storage/local_options.hpp"
#include "transport/local/storage/store_bytes.hpp"

struct MDB_env;
struct MDB_txn;
struct MDB_cursor;

namespace tidings::local {

// docs/formats/local.md says what lies in each.
enum class Tree {
  events,
  topics,
  stats,
  groups,
  members,
  owners,
  progress,
  attempts,
  parked,
  parked_due,
  dead,
  control,
  meta,
};
inline constexpr std::size_t kTrees = 13;
inline constexpr std::array<const char*, kTrees> kTreeNames{"events", "topics",   "stats",    "groups", "members",
                                                            "owners", "progress", "attempts", "parked", "parked_due",
                                                            "dead",   "control",  "meta"};

// What an LMDB code means for the caller. `doing` says what was tried.
Error store_error(int code, std::string_view doing);

class Environment final {
 public:
  // Opens or creates the store's file in `directory`. `map_bytes`: the most that it may ever have. Nothing but the
  // meta pages is read, until its trees are opened.
  static Result<std::unique_ptr<Environment>> open(const std::string& directory, std::uint64_t map_bytes, Sync sync);
  // Reads only: never waits for a writer. corrupt: one is missing.
  Result<void> open_trees();
  // Of a new store, which nobody else has open.
  Result<void> create_trees();
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  MDB_env* raw() const { return env_; }
  unsigned handle(Tree tree) const { return handles_[static_cast<std::size_t>(tree)]; }

  // The most that the store may have. No transaction of this process may be open.
  Result<void> set_map(std::uint64_t bytes);
  // Frees the reader slots of dead processes. Returns how many there were.
  int check_readers();
  // Writes everything to the disk, whatever the Sync mode.
  Result<void> sync();
  // Writes one state of all of it, as small as it can be, into a file or a pipe; for as long as that takes, nothing
  // that is freed is reused. Never waits for a writer. unavailable: it cannot be written, or nobody reads the pipe.
  Result<void> copy_to(int descriptor);
  std::uint64_t page_bytes() const;
  // The most that it may have (set_map).
  std::uint64_t map_bytes() const;
  // The most reads at once that this or another process had since the first of them opened the store.
  unsigned readers_high() const;
  // The read that holds on to the oldest state: what was freed since then is not reused. None: nobody reads.
  struct Reader {
    std::int64_t pid = 0;
    std::uint64_t state = 0;
  };
  std::optional<Reader> oldest_reader() const;
  // To be said of a store that is full: who keeps it so, beginning with `; `, or nothing. Frees what the dead hold.
  std::string why_full();
  // Whether its disk has no more room than one commit may want.
  bool is_disk_full() const;
  // Pages up to the highest one ever used; those that are free again included.
  std::uint64_t pages_high() const;

 private:
  Environment() = default;
  enum class Trees { existing, created };
  Result<void> take_handles(Trees trees);

  MDB_env* env_ = nullptr;
  std::array<unsigned, kTrees> handles_{};
};

// A transaction. After the first fault nothing more happens in it, and status() tells; so code in between needs no
// checks of its own.
class Transaction {
 public:
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  // Valid until the next change of the transaction, or its end.
  std::optional<Bytes> get(Tree tree, Bytes key);
  std::optional<Bytes> event(std::uint64_t sequence);
  bool has_prefix(Tree tree, Bytes prefix);
  std::uint64_t entries(Tree tree);

  const Result<void>& status() const { return status_; }
  // Of the state that it sees: rises with each commit.
  std::uint64_t state() const;
  Environment& environment() const { return *environment_; }

 protected:
  explicit Transaction(Environment& environment) : environment_{&environment} {}
  ~Transaction() = default;

  bool usable() const { return txn_ != nullptr && status_; }
  // True when `code` is success; false when the thing was not found; a fault otherwise.
  bool found(int code, std::string_view doing);

  Environment* environment_;
  MDB_txn* txn_ = nullptr;
  Result<void> status_;

  friend class TreeCursor;
};

class ReadTransaction final : public Transaction {
 public:
  explicit ReadTransaction(Environment& environment);
  ~ReadTransaction();

  // Pages that were used once and are free again.
  std::uint64_t free_pages();
  // Those of them that may be used again: nobody reads a state in which they were in use.
  std::uint64_t reusable_pages();

  // Lets go of what it reads, until renew(): a transaction that holds on keeps every freed page from being reused.
  // What was read is no longer valid; cursors must be gone.
  void rest();
  // Goes on with the newest state.
  void renew();

 private:
  std::uint64_t free_pages_until(std::uint64_t state);
};

class WriteTransaction final : public Transaction {
 public:
  explicit WriteTransaction(Environment& environment);
  ~WriteTransaction();  // undone, unless committed

  void put(Tree tree, Bytes key, Bytes value);
  void erase(Tree tree, Bytes key);
  // Room for an event's bytes behind all others; null after a fault.
  char* append_event(std::uint64_t sequence, std::size_t bytes);
  void erase_event(std::uint64_t sequence);

  // Durable as the environment's Sync says. On error nothing of it happened.
  Result<void> commit();
};

// Walks a tree in key order. Must be gone before its transaction.
class TreeCursor final {
 public:
  TreeCursor(Transaction& transaction, Tree tree);
  ~TreeCursor();
  TreeCursor(const TreeCursor&) = delete;
  TreeCursor& operator=(const TreeCursor&) = delete;

  // Each returns whether there is such an entry; key() and value() then show it.
  bool first();
  bool last();
  bool next();
  bool seek(Bytes key);  // the first at or after `key`
  bool seek_event(std::uint64_t sequence);

  Bytes key() const { return key_; }
  Bytes value() const { return value_; }
  std::uint64_t sequence() const;  // the key, in Tree::events

 private:
  bool move(int operation);

  Transaction& transaction_;
  MDB_cursor* cursor_ = nullptr;
  Bytes key_;
  Bytes value_;
};

// Calls `visit(key, value)` for every entry whose key begins with `prefix`, until it returns false.
template <class Visit>
void for_each_with_prefix(Transaction& transaction, Tree tree, Bytes prefix, const Visit& visit) {
  TreeCursor cursor{transaction, tree};
  for (bool more = cursor.seek(prefix); more && cursor.key().starts_with(prefix); more = cursor.next()) {
    if (!visit(cursor.key(), cursor.value())) return;
  }
}

}  // namespace tidings::local
