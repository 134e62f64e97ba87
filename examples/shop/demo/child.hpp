// A child process that never outlives us.
//
// Owns:    the process. The destructor kills it and waits for its end.
// Threads: one, the one that starts it: the kernel ends the child with that thread.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "tidings/executor.hpp"
#include "tidings/result.hpp"

namespace shop {

class Child final {
 public:
  struct Command {
    std::vector<std::string> arguments;    // the first is the program's path
    std::vector<std::string> environment;  // NAME=VALUE, beside our own
    std::string log;                       // its output is appended there
  };

  // How it ended: an exit code or a signal.
  struct End {
    int code = 0;
    int signal = 0;

    bool clean() const { return code == 0 && signal == 0; }
  };

  // In a process group of its own: Ctrl-C on the terminal reaches us alone, and we decide how it ends.
  // unavailable: it could not be started, and why.
  static tidings::Result<Child> start(const Command& command);

  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  ~Child();

  pid_t pid() const { return pid_; }
  // Nothing while it runs.
  std::optional<End> ended();
  void send(int signal);
  // False: it still runs at the deadline.
  bool wait(tidings::Time deadline, tidings::Executor& executor);

 private:
  explicit Child(pid_t pid) : pid_{pid} {}
  void kill_and_reap();

  pid_t pid_ = -1;
  std::optional<End> end_;
};

std::string to_string(const Child::End& end);

}  // namespace shop
