#include "transport/local/writer_holder.hpp"

#include <fmt/format.h>

namespace tidings::local {

std::string describe_holder(const WriterHolder& holder) {
  if (holder.pid == 0) return "others write all the time; try again";
  if (holder.ours && holder.awaits_lock) {
    return "a process that does not go through the writers' gate holds the lock of the store; `fuser -v DIR/lock.mdb` "
           "lists who has it open: end it";
  }
  if (holder.ours) return "this process's own writes take that long: look at the disk, and try again";
  if (holder.stopped) {
    return fmt::format(
        "process {0} holds the store's writer lock and is stopped (SIGSTOP, a debugger): let it go on (`kill -CONT "
        "{0}`)"
        " or end it (`kill -KILL {0}`); what is confirmed stays",
        holder.pid);
  }
  return fmt::format(
      "process {} holds the store's writer lock; try again, and if it keeps it, see what hinders that process, or end "
      "it",
      holder.pid);
}

}  // namespace tidings::local
