#include "transport/local/storage/store_verification.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "transport/local/storage/environment_reading.hpp"
#include "transport/local/storage/lmdb_environment.hpp"

namespace tidings::local {

namespace {

// Exit codes of the child; others are an errno.
constexpr int kReadable = 0;
constexpr int kDamaged = 255;

// In the child: nothing of the parent's but this thread is there.
[[noreturn]] void read_and_exit(const std::string& directory) {
  const rlimit no_core{.rlim_cur = 0, .rlim_max = 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  for (const int signal : {SIGBUS, SIGSEGV, SIGABRT}) std::signal(signal, SIG_DFL);
  const int code = read_through(directory);
  ::_exit(code < 0 ? kDamaged : code);
}

}  // namespace

Result<void> verify_store(const std::string& directory) {
  const pid_t child = ::fork();
  if (child == 0) read_and_exit(directory);
  if (child < 0) return unavailable(fmt::format("verifying '{}' failed: {}", directory, std::strerror(errno)));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == kReadable) return {};
  if (WIFEXITED(status) && WEXITSTATUS(status) != kDamaged) {
    return store_error(WEXITSTATUS(status), fmt::format("reading '{}' through", directory));
  }
  return corrupt(fmt::format("the store '{}' is damaged: it cannot be read through{}; restore a backup", directory,
                             WIFSIGNALED(status) ? fmt::format(" (signal {})", WTERMSIG(status)) : ""));
}

}  // namespace tidings::local
