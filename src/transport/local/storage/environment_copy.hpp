// A copy of an environment's file, as it is at one moment, written while others change it.
//
// Threads: any. Blocks: until all is written; a thread beside it reads, through a pipe, so that the copy can be given
// up.
#pragma once

#include <cstdint>
#include <string>

#include "tidings/executor.hpp"
#include "tidings/result.hpp"
#include "tidings/transport/operator.hpp"
#include "transport/driver/fault_plan.hpp"
#include "transport/local/storage/lmdb_environment.hpp"

namespace tidings::local {

struct CopyPlan {
  std::string file;  // made; it must not be there
  // The environment must have this much room left, or the copy that makes it grow is given up.
  std::uint64_t room_least = 0;
  const transport::BackupProgress& progress;
  transport::FaultPlan& faults;
};

// Returns its bytes, which are on the disk. overloaded: the file's disk is full, or there was no more room than
// room_least. unavailable: `progress` said stop, or the disk failed. corrupt: the environment is damaged.
Result<std::uint64_t> copy_environment(Environment& environment, Executor& executor, const CopyPlan& plan);

}  // namespace tidings::local
