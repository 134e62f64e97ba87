#include "transport/local/storage/writer_holder.hpp"

#include <fmt/format.h>

#include <cstring>

namespace tidings::local {

std::string describe_holder(const WriterHolder& holder) {
  if (holder.gate_fault != 0) {
    return fmt::format(
        "the writers' gate of the store is broken ({}): end every process that uses the store, and remove '{}/wake'; "
        "it is made anew",
        std::strerror(holder.gate_fault), holder.directory);
  }
  if (holder.pid == 0) return "others write all the time; try again";
  if (holder.awaits_lock && !holder.stopped) {
    const std::string waits = holder.ours ? "" : fmt::format(", and process {} waits for it, too", holder.pid);
    return fmt::format(
        "a process that does not go through the writers' gate holds the lock of the store{}; `fuser -v '{}/lock.mdb'` "
        "lists who has it open: end the one that is no process of Tidings",
        waits, holder.directory);
  }
  if (holder.ours) return "this process's own writes take that long: look at the disk, and try again";
  if (holder.stopped) {
    return fmt::format(
        "process {0} {1} the store's writer lock and is stopped (SIGSTOP, a debugger): let it go on (`kill -CONT "
        "{0}`)"
        " or end it (`kill -KILL {0}`); what is confirmed stays",
        holder.pid, holder.awaits_lock ? "is the next to have" : "holds");
  }
  return fmt::format(
      "process {} holds the store's writer lock; try again, and if it keeps it, see what hinders that process, or end "
      "it",
      holder.pid);
}

}  // namespace tidings::local
