// A backup: a directory with a copy of the store, which opens as a store of its own.
//
// Format:  docs/formats/local.md, "Copies".
// Threads: any. Blocks: until the copy is on the disk and was read through.
#pragma once

#include <string>

#include "tidings/result.hpp"
#include "tidings/transport/operator.hpp"
#include "transport/local/store/local_store.hpp"

namespace tidings::local {

// transport::Backup::make.
Result<transport::BackupState> back_up(Store& store, const std::string& directory,
                                       const transport::BackupProgress& progress);

}  // namespace tidings::local
