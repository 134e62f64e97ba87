#include "tests/support/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <span>
#include <system_error>

#include "tests/support/fd.hpp"
#include "tidings/executor.hpp"

extern char** environ;  // NOLINT: POSIX declares it nowhere

namespace tidings::testing {
namespace {

constexpr int kCouldNotExecute = 127;
// A flaw (src/base/flaw.hpp) is there in all processes of a test.
constexpr std::string_view kFlawVariable = "TIDINGS_FLAW";

[[noreturn]] void fail(const char* what) {
  throw std::system_error{errno, std::generic_category(), what};
}

struct Pipe {
  Fd read;
  Fd write;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) fail("pipe2");
  return {Fd{ends[0]}, Fd{ends[1]}};
}

std::vector<std::string> environment_of(const ChildSpec& spec) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    const std::string name{text.substr(0, text.find('='))};
    const bool ours = name.starts_with("TIDINGS_") && name != kFlawVariable;
    if (!ours && !spec.environment.contains(name)) all.emplace_back(text);
  }
  for (const auto& [name, value] : spec.environment) all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

// Everything that the child needs between fork and exec, where nothing may be allocated.
struct Launch {
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
  std::vector<char*> argv;
  std::vector<char*> envp;
  std::string directory;
  Pipe in, out, err;
  pid_t parent = getpid();

  explicit Launch(const ChildSpec& spec) : environment{environment_of(spec)}, directory{spec.directory} {
    arguments.push_back(spec.program);
    arguments.insert(arguments.end(), spec.arguments.begin(), spec.arguments.end());
    argv = pointers(arguments);
    envp = pointers(environment);
    in = make_pipe();
    out = make_pipe();
    err = make_pipe();
  }
};

[[noreturn]] void become(const Launch& launch) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != launch.parent) _exit(kCouldNotExecute);  // the test died before the line above
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  dup2(launch.in.read.get(), STDIN_FILENO);
  dup2(launch.out.write.get(), STDOUT_FILENO);
  dup2(launch.err.write.get(), STDERR_FILENO);
  if (launch.directory.empty() || chdir(launch.directory.c_str()) == 0) {
    execve(launch.argv[0], launch.argv.data(), launch.envp.data());
  }
  constexpr std::string_view kWhy = "the program could not be started\n";
  [[maybe_unused]] const auto ignored = ::write(STDERR_FILENO, kWhy.data(), kWhy.size());
  _exit(kCouldNotExecute);
}

Time after(const Executor& executor, std::chrono::milliseconds within) {
  return executor.now() + within;
}

}  // namespace

// One thread starts the process and watches it: the kernel's "kill the child when its parent dies" means the parent's
// *thread*, so that thread must live as long as the child.
class ChildProcess::State final {
 public:
  explicit State(const ChildSpec& spec) : launch_{spec} {
    signal(SIGPIPE, SIG_IGN);  // writing to a child that has ended must not end the test
    watcher_ = executor_->spawn("child", [this] { watch(); });
    std::unique_lock lock{mutex_};
    changed_->wait_until(lock, kNever, *executor_, [&] { return pid_ != 0; });
    if (pid_ < 0) throw std::system_error{start_error_, std::generic_category(), "fork"};
  }

  ~State() { send(SIGKILL); }

  int pid() const { return pid_; }

  bool send(int signal) {
    const std::lock_guard lock{mutex_};
    return !exit_ && pid_ > 0 && kill(pid_, signal) == 0;
  }

  void write(std::string_view text) {
    while (!text.empty()) {
      const auto written = ::write(launch_.in.write.get(), text.data(), text.size());
      if (written < 0) fail("write to the child");
      text.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  void close_input() { launch_.in.write.close(); }

  std::optional<ChildExit> wait(std::chrono::milliseconds within) {
    std::unique_lock lock{mutex_};
    changed_->wait_until(lock, after(*executor_, within), *executor_, [&] { return exit_.has_value(); });
    return exit_;
  }

  bool wait_for(const std::string& stream, std::string_view text, std::chrono::milliseconds within) {
    std::unique_lock lock{mutex_};
    const auto there = [&] { return stream.find(text) != std::string::npos; };
    changed_->wait_until(lock, after(*executor_, within), *executor_, [&] { return there() || exit_; });
    return there();
  }

  bool running() const {
    const std::lock_guard lock{mutex_};
    return !exit_;
  }

  std::string copy(const std::string& stream) const {
    const std::lock_guard lock{mutex_};
    return stream;
  }

  std::string out_;
  std::string err_;

 private:
  void watch() {
    if (!start()) return;
    const Fd process{static_cast<int>(syscall(SYS_pidfd_open, pid_, 0))};
    std::array<pollfd, 3> watched{pollfd{process.get(), POLLIN, 0}, pollfd{launch_.out.read.get(), POLLIN, 0},
                                  pollfd{launch_.err.read.get(), POLLIN, 0}};
    while ((watched[0].revents & POLLIN) == 0) {
      if (poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) break;
      take(watched[1], out_);
      take(watched[2], err_);
    }
    // What the process itself wrote is in the pipes now; what its own children may still write is not waited for.
    drain(watched[1], out_);
    drain(watched[2], err_);
    reap();
  }

  bool start() {
    const pid_t pid = fork();
    if (pid == 0) become(launch_);
    const std::lock_guard lock{mutex_};
    pid_ = pid;
    start_error_ = errno;
    launch_.in.read.close();
    launch_.out.write.close();
    launch_.err.write.close();
    changed_->notify_all();
    return pid > 0;
  }

  void take(pollfd& stream, std::string& into) {
    if (stream.revents == 0 || stream.fd < 0) return;
    std::array<char, 64u << 10> buffer;
    const auto count = read(stream.fd, buffer.data(), buffer.size());
    if (count <= 0) {
      stream.fd = -1;  // poll skips it
      return;
    }
    const std::lock_guard lock{mutex_};
    if (into.size() > 2 * kOutputMax) into.erase(0, into.size() - kOutputMax);
    into.append(buffer.data(), static_cast<std::size_t>(count));
    changed_->notify_all();
  }

  void drain(pollfd& stream, std::string& into) {
    while (stream.fd >= 0 && poll(&stream, 1, 0) > 0) take(stream, into);
  }

  void reap() {
    int status = 0;
    const std::lock_guard lock{mutex_};  // send() must not signal a number that is free again
    waitpid(pid_, &status, 0);
    exit_ = WIFSIGNALED(status) ? ChildExit{-1, WTERMSIG(status)} : ChildExit{WEXITSTATUS(status), 0};
    changed_->notify_all();
  }

  std::shared_ptr<Executor> executor_ = thread_executor();
  Launch launch_;
  mutable std::mutex mutex_;
  std::unique_ptr<Condition> changed_ = executor_->condition();
  pid_t pid_ = 0;
  int start_error_ = 0;
  std::optional<ChildExit> exit_;
  std::unique_ptr<Thread> watcher_;  // last: joined before the rest goes
};

ChildProcess::ChildProcess(const ChildSpec& spec) : state_{std::make_unique<State>(spec)} {}
ChildProcess::~ChildProcess() = default;
ChildProcess::ChildProcess(ChildProcess&&) noexcept = default;
ChildProcess& ChildProcess::operator=(ChildProcess&&) noexcept = default;

int ChildProcess::pid() const {
  return state_->pid();
}
bool ChildProcess::send(int signal) {
  return state_->send(signal);
}
void ChildProcess::write(std::string_view text) {
  state_->write(text);
}
void ChildProcess::close_input() {
  state_->close_input();
}
std::optional<ChildExit> ChildProcess::wait(std::chrono::milliseconds within) {
  return state_->wait(within);
}
bool ChildProcess::wait_for_output(std::string_view text, std::chrono::milliseconds within) {
  return state_->wait_for(state_->out_, text, within);
}
bool ChildProcess::wait_for_error_output(std::string_view text, std::chrono::milliseconds within) {
  return state_->wait_for(state_->err_, text, within);
}
bool ChildProcess::running() const {
  return state_->running();
}
std::string ChildProcess::output() const {
  return state_->copy(state_->out_);
}
std::string ChildProcess::error_output() const {
  return state_->copy(state_->err_);
}

Ran run_program(const ChildSpec& spec, std::chrono::milliseconds within) {
  ChildProcess child{spec};
  child.close_input();
  auto ended = child.wait(within);
  if (!ended) {
    child.send(SIGKILL);
    ended = child.wait();
  }
  return {ended.value_or(ChildExit{}), child.output(), child.error_output()};
}

}  // namespace tidings::testing
