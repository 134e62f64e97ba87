// Who has the store's writer while a change waits for it, in words.
#pragma once

#include <cstdint>
#include <string>

namespace tidings::local {

struct WriterHolder {
  std::string directory;     // of the store
  int gate_fault = 0;        // the errno with which the gate refuses everybody
  std::int64_t pid = 0;      // of the process inside the gate; 0: nobody
  bool ours = false;         // it is this one
  bool awaits_lock = false;  // LMDB's lock keeps it waiting: it is not the one to blame
  bool stopped = false;      // is_stopped(pid)
};

// Who it is, and what to do.
std::string describe_holder(const WriterHolder& holder);

}  // namespace tidings::local
