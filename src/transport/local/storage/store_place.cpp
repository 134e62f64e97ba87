#include "transport/local/storage/store_place.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "transport/local/storage/store_directory.hpp"
#include "transport/local/storage/store_verification.hpp"

namespace tidings::local {

namespace {

Result<transport::DirectoryState> state_of(const std::string& path) {
  struct stat status {};
  struct statvfs disk {};
  if (::stat(path.c_str(), &status) != 0 || ::statvfs(path.c_str(), &disk) != 0) {
    return unavailable(fmt::format("looking at '{}' failed: {}", path, std::strerror(errno)));
  }
  return transport::DirectoryState{.path = path,
                                   .mode = static_cast<unsigned>(status.st_mode) & 07777u,
                                   .ours = status.st_uid == ::geteuid(),
                                   .disk_bytes = disk.f_blocks * disk.f_frsize,
                                   .disk_bytes_free = disk.f_bavail * disk.f_frsize};
}

}  // namespace

Result<transport::Place> examine_local(const transport::Url& url) {
  transport::Place place{.reach = transport::Reach::host};
  if (url.path.empty()) return place;  // what is wrong with that, opening it says
  const auto there = holds_store(url.path);
  if (!there) return there.error();
  place.deployed = *there;
  auto state = state_of(url.path);
  if (!state && place.deployed) return state.error();
  if (state) place.directory = *std::move(state);
  if (place.deployed) place.verify = [path = url.path] { return verify_store(path); };
  return place;
}

}  // namespace tidings::local
