#include "transport/local/storage/wake_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <ctime>
#include <new>

// g++ says so by a macro, clang by a feature.
#if defined(__SANITIZE_THREAD__)
#define TIDINGS_THREAD_SANITIZER
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TIDINGS_THREAD_SANITIZER
#endif
#endif
#ifdef TIDINGS_THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#endif

#include "transport/local/storage/process_name.hpp"
#include "transport/local/storage/store_directory.hpp"

namespace tidings::local {

// The layout is part of the magic number: processes of builds that differ in it must not share a store at one time.
struct WakeFile::Shared {
  std::uint64_t magic;
  char boot[40];
  std::uint64_t pid_namespace;
  std::atomic<std::uint32_t> bell;
  std::atomic<std::uint32_t> counters[kChangeKinds];
  std::atomic<std::int32_t> holder;
  std::atomic<std::uint32_t> awaits_lock;
  pthread_mutex_t gate;
};

namespace {

constexpr std::uint64_t kMagic = 0x7469'6477'616b'6503;

timespec timespec_of(std::chrono::nanoseconds time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return {.tv_sec = seconds.count(), .tv_nsec = (time - seconds).count()};
}

void make_gate(pthread_mutex_t& gate) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&gate, &attributes);
  pthread_mutexattr_destroy(&attributes);
}

}  // namespace

Result<std::unique_ptr<WakeFile>> WakeFile::open(const std::string& directory) {
  const std::string path = directory + "/wake";
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return file_error("opening", path);
  void* memory = MAP_FAILED;
  // posix_fallocate, not ftruncate: writing into a hole of a full disk would be SIGBUS.
  errno = ::posix_fallocate(descriptor, 0, sizeof(Shared));
  if (errno == 0) memory = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  const Error fault = file_error("opening", path);
  ::close(descriptor);
  if (memory == MAP_FAILED) return fault;
  std::unique_ptr<WakeFile> file{new WakeFile{static_cast<Shared*>(memory), directory}};
  if (file->shared_->magic != magic_number() || file->shared_->boot != boot_name()) file->begin_anew();
  return file;
}

void WakeFile::begin_anew() {
  shared_ = new (shared_) Shared{};
  make_gate(shared_->gate);
  const std::string boot = boot_name();
  std::copy(boot.begin(), boot.end(), shared_->boot);
  shared_->pid_namespace = pid_namespace();
  shared_->magic = magic_number();
}

bool WakeFile::of_these_pids() const {
  return shared_->pid_namespace == pid_namespace();
}

std::uint64_t WakeFile::magic_number() {
  return kMagic + (sizeof(Shared) << 8);
}

std::string WakeFile::boot_name() {
  return boot_id().substr(0, sizeof(Shared::boot) - 1);
}

WakeFile::~WakeFile() {
  ::munmap(shared_, sizeof(Shared));
}

void WakeFile::ring(Changes changes) {
  for (std::size_t kind = 0; kind < kChangeKinds; ++kind) {
    if ((changes & (1u << kind)) != 0) shared_->counters[kind].fetch_add(1);
  }
  shared_->bell.fetch_add(1);
  ::syscall(SYS_futex, &shared_->bell, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

WakeFile::Seen WakeFile::seen() const {
  Seen seen{.bell = shared_->bell.load()};  // first: what rings after this is seen as new
  for (std::size_t kind = 0; kind < kChangeKinds; ++kind) seen.counters[kind] = shared_->counters[kind].load();
  return seen;
}

Changes WakeFile::between(const Seen& before, const Seen& after) {
  Changes changes = 0;
  for (std::size_t kind = 0; kind < kChangeKinds; ++kind) {
    if (before.counters[kind] != after.counters[kind]) changes |= 1u << kind;
  }
  return changes;
}

void WakeFile::wait(const Seen& before, Duration within) const {
  const timespec timeout = timespec_of(std::max(within, Duration::zero()));
  ::syscall(SYS_futex, &shared_->bell, FUTEX_WAIT, before.bell, &timeout, nullptr, 0);
}

bool WakeFile::enter_gate(Duration within) {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const auto until = std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec} + within;
  const timespec deadline = timespec_of(until);
  const int code = ::pthread_mutex_clocklock(&shared_->gate, CLOCK_MONOTONIC, &deadline);
  if (code == EOWNERDEAD) ::pthread_mutex_consistent(&shared_->gate);  // LMDB undoes what the dead one had begun
  const bool entered = code == 0 || code == EOWNERDEAD;
  gate_fault_ = entered || code == ETIMEDOUT ? 0 : code;
  if (!entered) return false;
#ifdef TIDINGS_THREAD_SANITIZER  // it does not know pthread_mutex_clocklock, and takes the unlock for a stray one
  __tsan_mutex_pre_lock(&shared_->gate, 0);
  __tsan_mutex_post_lock(&shared_->gate, 0, 0);
#endif
  shared_->awaits_lock = 0;
  shared_->holder = ::getpid();
  return true;
}

void WakeFile::leave_gate() {
  shared_->holder = 0;
  ::pthread_mutex_unlock(&shared_->gate);
}

std::int32_t WakeFile::gate_holder() const {
  return shared_->holder;
}

bool WakeFile::holder_awaits_lock() const {
  return shared_->awaits_lock != 0;
}

void WakeFile::set_awaits_lock(bool awaits) {
  shared_->awaits_lock = awaits ? 1 : 0;
}

}  // namespace tidings::local
