// The one writer of a process: each of its transactions takes all the changes that wait, from all threads.
//
// Owns:    a thread that writes, and one that calls back.
// Threads: any.
// Blocks:  submit() never; perform() and upkeep() until the change is durable or refused.
// End:     a writer that still waits for LMDB's lock is left to itself, with all that it stands on: it ends, having
// done
//          nothing, when it gets the lock. LMDB cannot be told to wait no longer.
#pragma once

#include <functional>
#include <memory>

#include "tidings/executor.hpp"
#include "tidings/result.hpp"
#include "transport/driver/fault_plan.hpp"
#include "transport/local/storage/limits.hpp"
#include "transport/local/storage/lmdb_environment.hpp"
#include "transport/local/storage/wake_file.hpp"
#include "transport/local/store/commit.hpp"
#include "transport/local/store/space_watch.hpp"

namespace tidings::local {

struct CommitterParts {
  std::shared_ptr<Executor> executor;
  std::shared_ptr<Environment> environment;
  std::shared_ptr<WakeFile> wake;
  std::shared_ptr<SpaceWatch> space;
  std::shared_ptr<transport::FaultPlan> faults;
};

class Committer final {
 public:
  explicit Committer(CommitterParts parts);
  ~Committer();  // close()
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  void submit(std::shared_ptr<CommitOp> op);

  // Runs `change` inside a transaction and waits until that is durable. What it returns is returned.
  // unavailable: it was not begun `within` this time; the message says who has the writer.
  Result<void> perform(std::function<Result<void>(Commit&)> change, Duration within = kChangeWithin);
  // The same for what is tried again anyway: refused as soon as close() begins.
  Result<void> upkeep(std::function<Result<void>(Commit&)> change, Duration within = kChangeWithin);

  // Writes what waits, for at most kCloseWithin, and refuses the rest and all that comes later. A commit that has begun
  // is waited for.
  void close();

 private:
  class Writer;

  const std::shared_ptr<Writer> writer_;
};

}  // namespace tidings::local
