#include "outbox/relay_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tidings::detail {

RelayLock::~RelayLock() {
  give_up();
}

Result<bool> RelayLock::try_take() {
  if (file_ >= 0) return true;
  file_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file_ >= 0 && flock(file_, LOCK_EX | LOCK_NB) == 0) return true;
  const int fault = errno;
  const bool taken = file_ >= 0 && fault == EWOULDBLOCK;
  give_up();
  if (taken) return false;
  return unavailable(fmt::format("the relay could not lock {}: {}; check that its directory may be written", path_,
                                 std::strerror(fault)));
}

void RelayLock::give_up() {
  if (file_ >= 0) close(file_);
  file_ = -1;
}

}  // namespace tidings::detail
