#include "transport/kafka/client/token_command.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>

#include "transport/driver/secret_place.hpp"

namespace tidings::kafka {

namespace {

constexpr Duration kLook = std::chrono::milliseconds{10};  // for the end of one that said all it has to say

Error failed(const std::string& how) {
  return unavailable(fmt::format("the command of 'token_command' {}", how));
}

class Child final {
 public:
  Child(pid_t pid, int output) : pid_{pid}, output_{output} {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    ::close(output_);
    if (ended_) return;
    ::kill(-pid_, SIGKILL);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
  }

  // All of it, until the deadline.
  Result<std::string> read(Time deadline, Executor& executor) {
    std::string text;
    std::array<char, 4096> part{};
    while (true) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - executor.now()).count();
      if (left <= 0) return failed("does not end in time: run it by hand");
      struct pollfd wanted {
        .fd = output_, .events = POLLIN, .revents = 0
      };
      if (::poll(&wanted, 1, static_cast<int>(left)) <= 0) continue;
      const ssize_t count = ::read(output_, part.data(), part.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return failed(fmt::format("cannot be read: {}", std::strerror(errno)));
      if (count == 0) return text;
      text.append(part.data(), static_cast<std::size_t>(count));
      if (text.size() > transport::kSecretBytesMax)
        return failed(fmt::format("says more than {} bytes", transport::kSecretBytesMax));
    }
  }

  // Success, if that is how it ends.
  Result<void> wait(Time deadline, Executor& executor) {
    while (true) {
      int status = 0;
      const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
      // Where the process ignores the ends of its children nobody knows how they end.
      ended_ = ended == pid_ || (ended < 0 && errno == ECHILD);
      if (ended == pid_ && WIFEXITED(status) && WEXITSTATUS(status) != 0) {
        return failed(fmt::format("ended with exit code {}: run it by hand", WEXITSTATUS(status)));
      }
      if (ended == pid_ && WIFSIGNALED(status)) return failed(fmt::format("died by signal {}", WTERMSIG(status)));
      if (ended_) return {};
      if (executor.now() >= deadline) return failed("does not end in time: run it by hand");
      executor.sleep_until(executor.now() + kLook);
    }
  }

 private:
  const pid_t pid_;
  const int output_;
  bool ended_ = false;
};

// In a process group of its own, with signals as a program expects them: librdkafka's threads block all.
int spawn(const std::string& command, int output, pid_t& pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  sigset_t none, all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  std::string text = command;
  char shell[] = "sh", run[] = "-c";
  std::array<char*, 4> arguments{shell, run, text.data(), nullptr};
  const int fault = ::posix_spawn(&pid, "/bin/sh", &actions, &attributes, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  return fault;
}

}  // namespace

Result<std::string> run_token_command(const std::string& command, Executor& executor, Duration within) {
  const Time deadline = executor.now() + within;
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failed(fmt::format("has no pipe: {}", std::strerror(errno)));
  pid_t pid = 0;
  const int fault = spawn(command, ends[1], pid);
  ::close(ends[1]);
  if (fault != 0) {
    ::close(ends[0]);
    return failed(fmt::format("does not start: {}", std::strerror(fault)));
  }
  Child child{pid, ends[0]};
  auto text = child.read(deadline, executor);
  if (!text) return text;
  if (auto ended = child.wait(deadline, executor); !ended) return ended.error();
  return text;
}

}  // namespace tidings::kafka
