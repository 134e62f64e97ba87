#include "child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace shop {

using tidings::Result;

namespace {

constexpr auto kLookEvery = std::chrono::milliseconds{5};

// Runs in the child, between fork and exec: only calls that are safe there. Reports errno through the pipe.
[[noreturn]] void become(char* const* arguments, char* const* environment, const char* log, int report, pid_t parent) {
  const auto fail = [&] {
    const int error = errno;
    [[maybe_unused]] const auto written = write(report, &error, sizeof error);
    _exit(127);
  };
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);  // it died before the line above
  setpgid(0, 0);
  const int output = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (output < 0 || input < 0) fail();
  if (dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0) fail();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execve(arguments[0], arguments, environment);
  fail();
  std::abort();
}

// As exec takes them: `more`, which ends with a null too, after `first`, so that of two variables ours counts.
std::vector<char*> pointers(const std::vector<std::string>& first, char* const* more) {
  std::vector<char*> all;
  for (const auto& text : first) all.push_back(const_cast<char*>(text.c_str()));
  for (; more != nullptr && *more != nullptr; ++more) all.push_back(*more);
  all.push_back(nullptr);
  return all;
}

}  // namespace

Result<Child> Child::start(const Command& command) {
  const auto arguments = pointers(command.arguments, nullptr);
  const auto variables = pointers(command.environment, environ);

  std::array<int, 2> report{};
  if (pipe2(report.data(), O_CLOEXEC) != 0)
    return tidings::unavailable(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) become(arguments.data(), variables.data(), command.log.c_str(), report[1], parent);
  const int fork_error = errno;
  close(report[1]);

  int error = pid < 0 ? fork_error : 0;
  if (pid > 0 && read(report[0], &error, sizeof error) != sizeof error) error = 0;  // closed by exec: it runs
  close(report[0]);
  if (pid > 0 && error == 0) return Child{pid};
  if (pid > 0) waitpid(pid, nullptr, 0);
  return tidings::unavailable(fmt::format("cannot start {} (its output goes to {}): {}", command.arguments.front(),
                                          command.log, std::strerror(error)));
}

Child::Child(Child&& other) noexcept : pid_{std::exchange(other.pid_, -1)}, end_{other.end_} {}

Child& Child::operator=(Child&& other) noexcept {
  if (this == &other) return *this;
  kill_and_reap();
  pid_ = std::exchange(other.pid_, -1);
  end_ = other.end_;
  return *this;
}

Child::~Child() {
  kill_and_reap();
}

void Child::kill_and_reap() {
  if (pid_ < 0 || end_) return;
  kill(pid_, SIGKILL);
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
}

std::optional<Child::End> Child::ended() {
  int status = 0;
  if (!end_ && pid_ > 0 && waitpid(pid_, &status, WNOHANG) == pid_)
    end_ = WIFSIGNALED(status) ? End{.signal = WTERMSIG(status)} : End{.code = WEXITSTATUS(status)};
  return end_;
}

void Child::send(int signal) {
  if (pid_ > 0 && !ended()) kill(pid_, signal);
}

bool Child::wait(tidings::Time deadline, tidings::Executor& executor) {
  while (!ended()) {
    const auto now = executor.now();
    if (now >= deadline) return false;
    executor.sleep_until(std::min<tidings::Time>(deadline, now + kLookEvery));
  }
  return true;
}

std::string to_string(const Child::End& end) {
  return end.signal != 0 ? fmt::format("was ended by signal {} ({})", end.signal, strsignal(end.signal))
                         : fmt::format("ended with exit code {}", end.code);
}

}  // namespace shop
