// For crash tests: a child process that kills itself with SIGKILL at a named step, and what it leaves on the disk.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tidings::testing {

// Dies when it passes the chosen step for the chosen time.
class KillAt {
 public:
  KillAt() = default;
  KillAt(std::string step, int times) : step_{std::move(step)}, left_{times} {}

  void pass(std::string_view step) {
    if (step == step_ && --left_ == 0) ::raise(SIGKILL);
  }

 private:
  std::string step_;
  int left_ = 0;
};

// In a child process, which must not go on as the test.
inline void require(bool holds) {
  if (!holds) _exit(1);
}

enum class End { reached, killed, failed };

// Runs `body` in a child process. `failed`: it called _exit with another code than 0, or died otherwise.
inline End run_child(const std::function<void()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    body();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return End::killed;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? End::reached : End::failed;
}

// Lines that survive their process: what the outside world (a broker) has taken.
class Ledger {
 public:
  explicit Ledger(std::filesystem::path path) : path_{std::move(path)} {}

  void add(const std::string& line) const {
    const int file = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const std::string text = line + "\n";
    if (file < 0 || ::write(file, text.data(), text.size()) != static_cast<ssize_t>(text.size())) _exit(2);
    ::close(file);
  }

  std::vector<std::string> lines() const {
    std::vector<std::string> all;
    std::ifstream file{path_};
    for (std::string line; std::getline(file, line);) all.push_back(line);
    return all;
  }

 private:
  const std::filesystem::path path_;
};

}  // namespace tidings::testing
