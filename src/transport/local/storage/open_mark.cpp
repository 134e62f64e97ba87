#include "transport/local/storage/open_mark.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <utility>

#include "transport/local/storage/process_name.hpp"
#include "transport/local/storage/store_directory.hpp"

namespace tidings::local {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kSynced = "synced";
constexpr std::string_view kUnsynced = "unsynced";

std::string path_of(const std::string& directory) {
  return directory + "/open";
}

struct Content {
  std::string boot;
  std::string mode;
};

Content read(const std::string& path) {
  std::ifstream file{path};
  Content content;
  file >> content.boot >> content.mode;
  return content;
}

bool write(int descriptor, const std::string& text) {
  return ::ftruncate(descriptor, 0) == 0 &&
         ::pwrite(descriptor, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()) &&
         ::fsync(descriptor) == 0;
}

}  // namespace

OpenMark::Left OpenMark::left(const std::string& directory) {
  const Content content = read(path_of(directory));
  if (content.boot.empty() || content.boot == boot_id()) return Left::clean;
  return content.mode == kUnsynced ? Left::unsynced : Left::machine;
}

Result<OpenMark> OpenMark::set(const std::string& directory, Sync sync) {
  const std::string path = path_of(directory);
  const Content before = read(path);
  OpenMark mark{path, ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  const std::string boot = boot_id();
  // Once anybody wrote unsynced, it stays so until all was written to the disk (remove).
  const bool unsynced = sync == Sync::none || (before.boot == boot && before.mode == kUnsynced);
  const std::string_view mode = unsynced ? kUnsynced : kSynced;
  const bool known = before.boot == boot && before.mode == mode;
  if (mark.descriptor_ < 0 || ::flock(mark.descriptor_, LOCK_SH) != 0 ||
      (!known && !write(mark.descriptor_, fmt::format("{} {}\n", boot, mode)))) {
    return file_error("marking the store as open in", path);
  }
  // The name, too: without it what is written unsynced from now on would be taken for sound after a power cut.
  if (!known) {
    if (auto synced = sync_directory(directory); !synced) return synced.error();
  }
  return mark;
}

OpenMark::OpenMark(OpenMark&& other) noexcept
    : path_{std::move(other.path_)}, descriptor_{std::exchange(other.descriptor_, -1)} {}

OpenMark::~OpenMark() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool OpenMark::alone() {
  return ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0;
}

void OpenMark::share() {
  ::flock(descriptor_, LOCK_SH);
}

void OpenMark::remove() {
  // If its removal were lost in a power cut, a store that is whole would be refused, or read through for nothing.
  if (::unlink(path_.c_str()) == 0) static_cast<void>(sync_directory(fs::path{path_}.parent_path()));
}

}  // namespace tidings::local
