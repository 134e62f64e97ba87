#include "transport/local/storage/store_directory.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "transport/local/storage/file_system.hpp"
#include "transport/local/storage/limits.hpp"

namespace tidings::local {

namespace fs = std::filesystem;

namespace {

constexpr const char* kFormatFile = "format";
constexpr const char* kCreatingFile = "creating";  // there while a new store is made: what lies beside it is unfinished
constexpr const char* kCopyingFile = "copying";    // likewise of a backup, which is not begun again
constexpr const char* kDataFile = "data.mdb";
constexpr const char* kLockFile = "lock.mdb";
constexpr const char* kFormatDraft = "format.new";
constexpr std::string_view kFormatName = "tidings-local ";
constexpr int kFormatVersion = 1;
constexpr std::uintmax_t kDataBytesLeast = 2 * 4'096;  // LMDB's two meta pages
constexpr Duration kLockLookAgain = std::chrono::milliseconds{5};

// Makes those that are missing above it, too. Each is there after a power cut.
Result<void> make_directory(const fs::path& path) {
  std::error_code fault;
  const fs::path parent = path.parent_path();
  if (!parent.empty() && parent != path && !fs::exists(parent, fault)) {
    if (auto made = make_directory(parent); !made) return made;
  }
  if (::mkdir(path.c_str(), 0700) == 0) return sync_directory(parent);
  if (errno == EEXIST && fs::is_directory(path, fault)) return {};
  return file_error("making the directory", path);
}

Result<void> refuse_network(int descriptor, const std::string& path) {
  struct statfs facts {};
  if (::fstatfs(descriptor, &facts) != 0) return file_error("looking at the file system of", path);
  const std::string kind = mounted_as(descriptor);
  if (!is_network(static_cast<long>(facts.f_type), kind)) return {};
  return unsupported(
      fmt::format("'{}' is on a network file system ({}): a store needs memory and locks that its processes share; "
                  "choose a local disk",
                  path, kind));
}

Result<void> write_durably(const fs::path& file, std::string_view text) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) return file_error("writing", file);
  const bool written =
      ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(descriptor) == 0;
  const Result<void> result = written ? Result<void>{} : file_error("writing", file);
  ::close(descriptor);
  return result;
}

// Of a file that is there.
Result<std::string> first_line(const fs::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return file_error("reading", file);
  std::array<char, 256> bytes{};
  const ssize_t count = ::read(descriptor, bytes.data(), bytes.size());
  const Result<std::string> text = count < 0 ? Result<std::string>{file_error("reading", file)}
                                             : std::string{bytes.data(), static_cast<std::size_t>(count)};
  ::close(descriptor);
  if (!text) return text;
  return text->substr(0, text->find('\n'));
}

// Whether there is such a file. An error says that nobody can tell.
Result<bool> is_there(const fs::path& file) {
  struct stat facts {};
  if (::stat(file.c_str(), &facts) == 0) return true;
  if (errno == ENOENT) return false;
  return file_error("looking at", file);
}

Result<bool> is_empty(const std::string& directory) {
  std::error_code fault;
  const bool empty = fs::is_empty(directory, fault);
  if (!fault) return empty;
  errno = fault.value();
  return file_error("looking into", directory);
}

Result<void> check_format(const fs::path& directory) {
  const auto read = first_line(directory / kFormatFile);
  if (!read) return read.error();
  const std::string& line = *read;
  if (!line.starts_with(kFormatName)) {
    return corrupt(fmt::format("'{}' is damaged: the file 'format' does not name a Tidings store", directory.string()));
  }
  const std::string version = line.substr(kFormatName.size());
  if (version != std::to_string(kFormatVersion)) {
    return unsupported(
        fmt::format("'{}' has store format version {}, this build reads version {}; use the build that "
                    "wrote it, or another directory",
                    directory.string(), version, kFormatVersion));
  }
  std::error_code fault;
  const auto bytes = fs::file_size(directory / kDataFile, fault);
  if (fault && fault != std::errc::no_such_file_or_directory) {
    errno = fault.value();
    return file_error("looking at", directory / kDataFile);
  }
  if (fault || bytes < kDataBytesLeast) {
    return corrupt(fmt::format("'{}' is damaged: '{}' is {}; restore a backup, or remove the directory",
                               directory.string(), kDataFile, fault ? "missing" : "cut off"));
  }
  return {};
}

// flock(2) knows no deadline. Who has this lock waits for nothing but the disk, unless it is stopped.
Result<void> lock(int descriptor, const std::string& path, Executor& executor, Time deadline) {
  while (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return file_error("locking", path);
    if (executor.now() >= deadline) {
      return unavailable(
          fmt::format("another process opens or closes the store '{0}' and is not done: after a power cut it reads all "
                      "of it, then try "
                      "again; if it is stopped (`fuser -v {0}/open`), let it go on (`kill -CONT PID`) or end it",
                      path));
    }
    executor.sleep_until(executor.now() + kLockLookAgain);
  }
  return {};
}

// Whether a new store is to be made here; a faulty directory is an error.
Result<bool> is_fresh(const std::string& path) {
  const fs::path directory{path};
  std::error_code fault;
  const auto complete = is_there(directory / kFormatFile);
  if (!complete) return complete.error();
  if (*complete) {
    for (const char* file : {kCreatingFile, kCopyingFile}) fs::remove(directory / file, fault);
    if (auto checked = check_format(directory); !checked) return checked.error();
    return false;
  }
  if (fs::exists(directory / kCopyingFile, fault)) {
    return invalid(fmt::format(
        "'{}' holds a backup that was cut off, which is no store; remove the directory, and use another backup", path));
  }
  if (fs::exists(directory / kCreatingFile, fault)) {  // begun and never finished: begin again
    for (const char* file : {kDataFile, kLockFile}) fs::remove(directory / file, fault);
    return true;
  }
  const auto empty = is_empty(path);
  if (!empty) return empty.error();
  if (!*empty) {
    return invalid(fmt::format("'{}' is no Tidings store and not empty; choose an empty or a new directory", path));
  }
  if (auto written = write_durably(directory / kCreatingFile, ""); !written) return written.error();
  return true;
}

}  // namespace

Error file_error(std::string_view doing, const std::string& path) {
  const int code = errno;
  const std::string message = fmt::format("{} '{}' failed: {}", doing, path, std::strerror(code));
  if (code == EACCES || code == EPERM || code == EROFS) {
    return invalid(message + "; choose a directory that this user may write to");
  }
  if (code == EMFILE || code == ENFILE) return unavailable(message + "; raise the limit of open files (`ulimit -n`)");
  if (code == ENOTDIR || code == EEXIST) return invalid(message + "; choose another directory");
  return code == ENOSPC || code == EDQUOT ? overloaded(message + "; make room on this disk") : unavailable(message);
}

Result<void> sync_directory(const std::string& path) {
  const std::string name = path.empty() ? "." : path;
  const int descriptor = ::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return errno == EACCES ? Result<void>{} : file_error("writing the directory", name);
  const bool synced = ::fsync(descriptor) == 0;
  const Result<void> result = synced ? Result<void>{} : file_error("writing the directory", name);
  ::close(descriptor);
  return result;
}

// One that others have open keeps its length: they have mapped so much.
Result<void> fill_lock_file(const std::string& directory) {
  constexpr off_t kReader = 64;  // bytes of a slot, a cache line; before them there are two others
  constexpr off_t kNewBytes = kReader * (kReadersMax + 2);
  const std::string path = fs::path{directory} / kLockFile;
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return file_error("opening", path);
  struct stat facts {};
  const bool known = ::fstat(descriptor, &facts) == 0;
  const bool filled = known && ::fallocate(descriptor, 0, 0, facts.st_size > 0 ? facts.st_size : kNewBytes) == 0;
  // A file system that cannot promise blocks is taken as it is.
  const Result<void> result = filled || errno == EOPNOTSUPP ? Result<void>{} : file_error("making", path);
  ::close(descriptor);
  return result;
}

std::string data_of(const std::string& directory) {
  return fmt::format("{}/{}", directory, kDataFile);
}

std::string board_of(const std::string& directory, MemberId member) {
  return fmt::format("{}/board-{}", directory, member);
}

Result<StoreDirectory> StoreDirectory::lock_at(const std::string& path, Executor& executor, Time deadline) {
  if (auto made = make_directory(path); !made) return made.error();
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return file_error("opening the directory", path);
  StoreDirectory entered{path, descriptor, false};
  if (::access(path.c_str(), R_OK | W_OK | X_OK) != 0) return file_error("opening the directory", path);
  if (auto checked = refuse_network(descriptor, path); !checked) return checked.error();
  if (auto locked = lock(descriptor, path, executor, deadline); !locked) return locked.error();
  return entered;
}

Result<StoreDirectory> StoreDirectory::enter(const std::string& path, Executor& executor, Time deadline) {
  auto entered = lock_at(path, executor, deadline);
  if (!entered) return entered;
  const auto fresh = is_fresh(path);
  if (!fresh) return fresh.error();
  entered->fresh_ = *fresh;
  return entered;
}

Result<StoreDirectory> StoreDirectory::enter_for_copy(const std::string& path, Executor& executor, Time deadline) {
  std::error_code fault;
  const bool there = fs::exists(path, fault);
  auto entered = lock_at(path, executor, deadline);
  if (!entered) return entered;
  const auto empty = is_empty(path);
  if (!empty) return empty.error();
  if (!*empty) {
    const bool cut_off = fs::exists(fs::path{path} / kCopyingFile, fault);
    return invalid(fmt::format("'{}' is not empty{}; choose an empty or a new directory", path,
                               cut_off ? ": it holds a backup that was cut off" : ""));
  }
  entered->fresh_ = true;
  entered->made_ = !there;
  if (auto written = write_durably(fs::path{path} / kCopyingFile, ""); !written) {
    entered->abandon();
    return written.error();
  }
  return entered;
}

StoreDirectory::StoreDirectory(StoreDirectory&& other) noexcept
    : path_{std::move(other.path_)},
      descriptor_{std::exchange(other.descriptor_, -1)},
      fresh_{other.fresh_},
      made_{other.made_} {}

StoreDirectory::~StoreDirectory() {
  if (descriptor_ >= 0) ::close(descriptor_);  // which gives up the lock
}

Result<void> StoreDirectory::completed() {
  if (!fresh_) return {};
  const fs::path directory{path_};
  const std::string format = fmt::format("{}{}\n", kFormatName, kFormatVersion);
  const fs::path draft = directory / kFormatDraft;
  if (auto written = write_durably(draft, format); !written) return written;
  // The names of all files, before the one by which they are a store.
  if (auto synced = sync_directory(path_); !synced) return synced;
  std::error_code fault;
  fs::rename(draft, directory / kFormatFile, fault);
  for (const char* file : {kCreatingFile, kCopyingFile}) {
    if (!fault) fs::remove(directory / file, fault);
  }
  if (fault) return unavailable(fmt::format("making the store '{}' failed: {}", path_, fault.message()));
  return sync_directory(path_);
}

void StoreDirectory::abandon() {
  std::error_code fault;  // what cannot be removed is no store, and says so when it is opened
  for (const char* file : {kFormatFile, kFormatDraft, kDataFile, kLockFile, kCopyingFile}) {
    fs::remove(fs::path{path_} / file, fault);
  }
  if (made_) fs::remove(path_, fault);
}

Result<bool> holds_store(const std::string& path) {
  std::error_code fault;
  const bool there = fs::exists(fs::path{path} / kFormatFile, fault);
  if (fault) return unavailable(fmt::format("looking into '{}' failed: {}", path, fault.message()));
  return there;
}

bool is_shorter(const std::string& path, std::uint64_t bytes) {
  std::error_code fault;
  const auto size = fs::file_size(fs::path{path} / kDataFile, fault);
  return fault || size < bytes;
}

}  // namespace tidings::local
