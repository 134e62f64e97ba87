// One write transaction of a process, and the changes that are made in it.
//
// Threads: the committer's writer.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "tidings/names.hpp"
#include "tidings/result.hpp"
#include "transport/local/storage/lmdb_environment.hpp"
#include "transport/local/storage/wake_file.hpp"
#include "transport/local/store/space_watch.hpp"

namespace tidings::local {

class Commit;

// Writes what its operations left to the end of a transaction, once for all of them.
class AtCommitEnd {
 public:
  virtual ~AtCommitEnd() = default;
  virtual void write(Commit& commit) = 0;
};

// One write transaction, as its operations see it.
class Commit final {
 public:
  Commit(WriteTransaction& transaction, SpaceWatch& space, Time now);

  WriteTransaction& transaction() { return transaction_; }
  Time now() const { return now_; }

  // overloaded: the store is at size_max. To be asked before append().
  Result<void> room_for(Room room, std::size_t bytes);
  // Appends a stored record behind all events, stamped with the time of publishing. Returns its sequence.
  std::uint64_t append(Bytes stored);
  // The sequence of the newest event; 0: there was none yet.
  std::uint64_t last_sequence();

  void announce(Changes changes) { changes_ |= changes; }
  Changes announced() const { return changes_; }
  void at_end(std::shared_ptr<AtCommitEnd> writer);
  void write_ends();

 private:
  struct Stats {
    std::uint32_t topic = 0;
    std::int64_t records = 0;
    std::int64_t bytes = 0;
  };

  void load_last();
  void count(std::uint32_t topic, std::size_t bytes);

  WriteTransaction& transaction_;
  SpaceWatch& space_;
  const Time now_;
  bool loaded_ = false;
  std::uint64_t last_sequence_ = 0;
  Time last_published_{};
  Changes changes_ = 0;
  std::vector<Stats> stats_;
  std::vector<std::shared_ptr<AtCommitEnd>> ends_;
};

// A change that wants to be made durable.
class CommitOp {
 public:
  virtual ~CommitOp() = default;

  // Makes the change. On the writer's thread, with the writer lock held: short, no waiting. What is wrong with this
  // operation alone, the operation keeps for itself; it must find it before it has changed anything.
  virtual void apply(Commit& commit) = 0;
  // Called once: the transaction is durable, or nothing of it happened. On the writer's thread, unless calls_out().
  virtual void finish(const Result<void>& outcome) = 0;

  virtual std::size_t bytes() const { return 0; }   // that it writes, about
  virtual bool calls_out() const { return false; }  // finish() runs code that may take its time: on a thread of its own
  virtual bool is_upkeep() const { return false; }  // nobody minds when it is not done: the end does not wait for it
  virtual Time deadline() const = 0;                // refused when it was not begun by then
};

}  // namespace tidings::local
