// Loaded into a process (LD_PRELOAD): writes down how it changes files, and what of that it has synced. See
// change_log.hpp.
//
// Syncs themselves are left out: nothing but the log needs to know of them. What is written through a mapping is not
// seen; a store has nothing there that means anything after a power cut. Who syncs a mapping thinks otherwise: that
// ends the process, as do other calls that write and are not followed.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <string_view>

#include "tests/endurance/change_log.hpp"

namespace {

using tidings::endurance::Change;
using tidings::endurance::ChangeHead;

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

std::string_view text_of(const char* variable) {
  const char* text = std::getenv(variable);
  return text == nullptr ? "" : text;
}

int raw_open(std::string_view path, int flags) {
  return static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path.data(), flags, 0600));
}

// The order of entries is that of the changes: a change and its entry are made while the log is locked.
class Log final {
 public:
  Log() : below_{text_of(tidings::endurance::kRecordBelow)} {
    const std::string_view path = text_of(tidings::endurance::kRecordTo);
    if (!below_.empty() && !path.empty()) descriptor_ = raw_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC);
  }
  bool watches(std::string_view path) const {
    return descriptor_ >= 0 && path.starts_with(below_) && (path.size() == below_.size() || path[below_.size()] == '/');
  }
  bool works() const { return descriptor_ >= 0; }

  void lock() {
    mutex_.lock();
    while (::flock(descriptor_, LOCK_EX) != 0 && errno == EINTR) {
    }
  }
  void unlock() {
    ::flock(descriptor_, LOCK_UN);
    mutex_.unlock();
  }
  void add(ChangeHead head, std::string_view path, std::string_view data) {
    head.path_bytes = static_cast<std::uint32_t>(path.size());
    head.data_bytes = static_cast<std::uint32_t>(data.size());
    std::string entry(sizeof head, '\0');
    std::memcpy(entry.data(), &head, sizeof head);
    entry.append(path).append(data);
    if (::syscall(SYS_write, descriptor_, entry.data(), entry.size()) != static_cast<long>(entry.size())) std::abort();
  }

 private:
  const std::string_view below_;
  int descriptor_ = -1;
  std::mutex mutex_;
};

Log& log() {
  static Log* const instance = new Log;  // files are changed until the very end of a process
  return *instance;
}

class Errno final {  // of the change itself, whatever was done for the log
 public:
  ~Errno() { errno = code_; }
  void keep() { code_ = errno; }

 private:
  int code_ = errno;
};

// What a descriptor is open for; an empty path: nothing that is watched.
struct OpenFile {
  std::string path;
  std::uint64_t file = 0;
  bool directory = false;
  bool synced = false;
};

OpenFile file_of(int descriptor) {
  const Errno unchanged;
  OpenFile open;
  if (!log().works()) return open;
  std::array<char, PATH_MAX> path{};
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const ssize_t bytes = ::readlink(link.c_str(), path.data(), path.size());
  if (bytes <= 0 || !log().watches({path.data(), static_cast<std::size_t>(bytes)})) return open;
  struct stat facts {};
  if (::fstat(descriptor, &facts) != 0) return open;
  open.path.assign(path.data(), static_cast<std::size_t>(bytes));
  open.file = facts.st_ino;
  open.directory = S_ISDIR(facts.st_mode);
  open.synced = (::fcntl(descriptor, F_GETFL) & O_DSYNC) != 0;  // O_SYNC has its bit
  return open;
}

// Makes the change and, when it was made, its entry.
template <class Doing>
auto changing(const OpenFile& open, Doing doing) {
  if (open.path.empty()) return doing();
  const std::lock_guard lock{log()};
  return doing();
}

ssize_t logged_write(int descriptor, const OpenFile& open, std::string_view data, off_t offset) {
  const auto call = next<ssize_t(int, const void*, std::size_t, off_t)>("pwrite");
  const ssize_t written = call(descriptor, data.data(), data.size(), offset);
  Errno result;
  if (written > 0) {
    log().add({.change = Change::write,
               .synced = open.synced,
               .file = open.file,
               .offset = static_cast<std::uint64_t>(offset)},
              "", data.substr(0, static_cast<std::size_t>(written)));
  }
  return written;
}

// At the descriptor's own place, which goes on.
ssize_t write_on(int descriptor, const OpenFile& open, std::string_view data) {
  const bool appends = (::fcntl(descriptor, F_GETFL) & O_APPEND) != 0;
  const off_t place = ::lseek(descriptor, 0, appends ? SEEK_END : SEEK_CUR);
  const ssize_t written = logged_write(descriptor, open, data, place);
  if (written > 0) ::lseek(descriptor, place + written, SEEK_SET);
  return written;
}

ssize_t say(std::string_view data) {
  const std::lock_guard lock{log()};
  log().add({.change = Change::say}, "", data);
  return ::syscall(SYS_write, STDOUT_FILENO, data.data(), data.size());
}

int open_logged(const char* path, int flags, mode_t mode) {
  const auto call = next<int(const char*, int, ...)>("open");
  if (!log().works() || (flags & (O_CREAT | O_TRUNC)) == 0 || !log().watches(path)) return call(path, flags, mode);
  const std::lock_guard lock{log()};
  struct stat facts {};
  const bool there = ::stat(path, &facts) == 0;
  const int descriptor = call(path, flags, mode);
  Errno result;
  if (descriptor < 0 || ::fstat(descriptor, &facts) != 0) return descriptor;
  if (!there) log().add({.change = Change::make, .file = facts.st_ino}, path, "");
  if (there && (flags & O_TRUNC) != 0) log().add({.change = Change::resize, .file = facts.st_ino}, "", "");
  return descriptor;
}

// fsync and fdatasync.
int sync_logged(int descriptor, const char* name) {
  const OpenFile open = file_of(descriptor);
  if (open.path.empty()) return next<int(int)>(name)(descriptor);
  const std::lock_guard lock{log()};
  if (open.directory) {
    log().add({.change = Change::sync_directory}, open.path, "");
  } else {
    log().add({.change = Change::sync, .file = open.file}, "", "");
  }
  return 0;
}

int resize_logged(int descriptor, const OpenFile& open, off_t bytes) {
  const int code = next<int(int, off_t)>("ftruncate")(descriptor, bytes);
  Errno result;
  if (code == 0) {
    log().add({.change = Change::resize, .file = open.file, .offset = static_cast<std::uint64_t>(bytes)}, "", "");
  }
  return code;
}

// Changes of names.
template <class Doing>
int naming(Change change, const char* path, const char* other, Doing doing) {
  if (!log().works() || !log().watches(path)) return doing();
  const std::lock_guard lock{log()};
  const int code = doing();
  Errno result;
  if (code == 0) log().add({.change = change}, path, other);
  return code;
}

[[noreturn]] void end_unfollowed(const char* call) {
  std::fprintf(stderr, "power_cut_recorder: %s() changes files and is not followed here\n", call);
  std::abort();
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  return open_logged(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  return open_logged(path, flags, mode);
}

ssize_t write(int descriptor, const void* data, std::size_t bytes) {
  const std::string_view text{static_cast<const char*>(data), bytes};
  if (descriptor == STDOUT_FILENO && log().works()) return say(text);
  const OpenFile open = file_of(descriptor);
  if (open.path.empty()) return ::syscall(SYS_write, descriptor, data, bytes);
  return changing(open, [&] { return write_on(descriptor, open, text); });
}

ssize_t writev(int descriptor, const struct iovec* parts, int count) {
  const OpenFile open = file_of(descriptor);
  if (open.path.empty()) return ::syscall(SYS_writev, descriptor, parts, count);
  std::string all;
  for (int i = 0; i < count; ++i) all.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
  return changing(open, [&] { return write_on(descriptor, open, all); });
}

ssize_t pwrite(int descriptor, const void* data, std::size_t bytes, off_t offset) {
  const OpenFile open = file_of(descriptor);
  const std::string_view text{static_cast<const char*>(data), bytes};
  if (open.path.empty()) return ::syscall(SYS_pwrite64, descriptor, data, bytes, offset);
  return changing(open, [&] { return logged_write(descriptor, open, text, offset); });
}

ssize_t pwrite64(int descriptor, const void* data, std::size_t bytes, off_t offset) {
  return pwrite(descriptor, data, bytes, offset);
}

ssize_t pwritev(int descriptor, const struct iovec* parts, int count, off_t offset) {
  std::string all;
  for (int i = 0; i < count; ++i) all.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
  return pwrite(descriptor, all.data(), all.size(), offset);
}

int ftruncate(int descriptor, off_t bytes) {
  const OpenFile open = file_of(descriptor);
  if (open.path.empty()) return next<int(int, off_t)>("ftruncate")(descriptor, bytes);
  return changing(open, [&] { return resize_logged(descriptor, open, bytes); });
}

int ftruncate64(int descriptor, off_t bytes) {
  return ftruncate(descriptor, bytes);
}

int posix_fallocate(int descriptor, off_t offset, off_t bytes) {
  const OpenFile open = file_of(descriptor);
  const auto call = next<int(int, off_t, off_t)>("posix_fallocate");
  if (open.path.empty()) return call(descriptor, offset, bytes);
  return changing(open, [&] {
    struct stat facts {};
    const int code = call(descriptor, offset, bytes);
    if (code == 0 && ::fstat(descriptor, &facts) == 0) {
      log().add({.change = Change::resize, .file = open.file, .offset = static_cast<std::uint64_t>(facts.st_size)}, "",
                "");
    }
    return code;
  });
}

int fsync(int descriptor) {
  return sync_logged(descriptor, "fsync");
}

int fdatasync(int descriptor) {
  return sync_logged(descriptor, "fdatasync");
}

int msync(void*, std::size_t, int) {
  end_unfollowed("msync");
}

ssize_t pwritev2(int, const struct iovec*, int, off_t, int) {
  end_unfollowed("pwritev2");
}

ssize_t copy_file_range(int, off_t*, int, off_t*, std::size_t, unsigned) {
  end_unfollowed("copy_file_range");
}

int mkdir(const char* path, mode_t mode) {
  return naming(Change::make_directory, path, "", [&] { return next<int(const char*, mode_t)>("mkdir")(path, mode); });
}

int rename(const char* from, const char* to) {
  return naming(Change::rename, from, to, [&] { return next<int(const char*, const char*)>("rename")(from, to); });
}

int unlink(const char* path) {
  return naming(Change::remove, path, "", [&] { return next<int(const char*)>("unlink")(path); });
}

int remove(const char* path) {
  return naming(Change::remove, path, "", [&] { return next<int(const char*)>("remove")(path); });
}

}  // extern "C"
