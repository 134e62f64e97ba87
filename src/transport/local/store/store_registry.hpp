// The stores that this process has open.
//
// LMDB allows one environment a process and file: a second one would drop the first one's locks when it is closed
// (they are fcntl locks, which belong to the process). So this is the one process-wide table of the code.
//
// Threads: any.
// Blocks:  while the store is opened, also by another thread; never for another store.
#pragma once

#include <memory>

#include "transport/local/store/local_store.hpp"

namespace tidings::local {

// Store::open(), or the store that is open already. invalid: it is open with other options.
Result<std::shared_ptr<Store>> shared_store(const Options& options, std::shared_ptr<Executor> executor);

}  // namespace tidings::local
