// Who has the store's writer while a change waits for it, in words.
#pragma once

#include <cstdint>
#include <string>

namespace tidings::local {

struct WriterHolder {
  std::int64_t pid = 0;      // of the process inside the gate; 0: nobody
  bool ours = false;         // it is this one
  bool awaits_lock = false;  // and LMDB's lock keeps it waiting
  bool stopped = false;      // is_stopped(pid)
};

// Who it is, and what to do.
std::string describe_holder(const WriterHolder& holder);

}  // namespace tidings::local
