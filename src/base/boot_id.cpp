#include "base/boot_id.hpp"

#include <fstream>
#include <mutex>

namespace tidings {

namespace {

std::string read_boot_id() {
  std::ifstream file{"/proc/sys/kernel/random/boot_id"};
  std::string id;
  std::getline(file, id);
  return id;
}

}  // namespace

// Kept once it was read: who has used up its file descriptors is of the same boot as before.
std::string boot_id() {
  static std::mutex mutex;
  static std::string known;
  const std::lock_guard lock{mutex};
  if (known.empty()) known = read_boot_id();
  return known;
}

}  // namespace tidings
