// A real program, run beside a test: started, watched, signalled, and never left behind.
//
// Owns:    the process: the destructor kills and reaps it. It dies with the test too, should that be killed.
// Threads: any, at once.
// Limits:  keeps the last kOutputMax bytes of each stream.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tidings::testing {

// How a process ended: by exit code, or by signal.
struct ChildExit {
  int code = -1;   // -1: ended by a signal
  int signal = 0;  // 0: ended by itself

  friend bool operator==(const ChildExit&, const ChildExit&) = default;
};

struct ChildSpec {
  std::filesystem::path program;
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;  // on top of ours; of our TIDINGS_*, a flaw only is handed on
  std::filesystem::path directory;                 // empty: ours
};

class ChildProcess final {
 public:
  static constexpr std::size_t kOutputMax = 64u << 20;
  // Long enough for a loaded machine under a sanitizer: a test that runs into it has failed.
  static constexpr std::chrono::milliseconds kPatience{30'000};

  // Throws std::system_error when it cannot be started. Standard input is a pipe (see write).
  explicit ChildProcess(const ChildSpec& spec);
  ~ChildProcess();
  ChildProcess(ChildProcess&&) noexcept;
  ChildProcess& operator=(ChildProcess&&) noexcept;

  int pid() const;
  // False: it has ended before.
  bool send(int signal);
  void write(std::string_view text);
  void close_input();

  // Waits for the end of the process; none: it still runs.
  std::optional<ChildExit> wait(std::chrono::milliseconds within = kPatience);
  // Waits until `text` was written; false also when the process ended without.
  bool wait_for_output(std::string_view text, std::chrono::milliseconds within = kPatience);
  bool wait_for_error_output(std::string_view text, std::chrono::milliseconds within = kPatience);
  bool running() const;

  // What it wrote so far; complete after wait() returned its end.
  std::string output() const;
  std::string error_output() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

// Runs a program to its end with no input. A process that is past `within` is killed (signal 9).
struct Ran {
  ChildExit exit;
  std::string output;
  std::string error_output;
};
Ran run_program(const ChildSpec& spec, std::chrono::milliseconds within = ChildProcess::kPatience);

}  // namespace tidings::testing
