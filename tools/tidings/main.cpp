#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include "tidings/transport/linked.hpp"
#include "tools/tidings/command_line.hpp"

namespace {

volatile std::sig_atomic_t stop_asked = 0;

// The first signal ends the command in order, the second one at once.
void ask_to_stop(int signal) {
  stop_asked = 1;
  std::signal(signal, SIG_DFL);
}

void handle_signals() {
  struct sigaction action {};
  action.sa_handler = ask_to_stop;  // without SA_RESTART: a waiting read() returns
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // a reader that went away shows as a failed write
}

tidings::Result<std::size_t> read_input(std::span<char> into) {
  while (stop_asked == 0) {
    const ssize_t count = ::read(STDIN_FILENO, into.data(), into.size());
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) {
      return tidings::unavailable(std::string{"reading standard input failed: "} + std::strerror(errno));
    }
  }
  return std::size_t{0};
}

std::size_t terminal_columns() {
  constexpr std::size_t kUsual = 80;
  constexpr std::size_t kLeast = 20;
  struct winsize size {};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 && ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0) return kUsual;
  return size.ws_col >= kLeast ? size.ws_col : kUsual;
}

}  // namespace

int main(int argc, char** argv) {
  handle_signals();
  tidings::cli::Surroundings surroundings{
      .out = std::cout,
      .err = std::cerr,
      .out_is_terminal = ::isatty(STDOUT_FILENO) == 1,
      .err_is_terminal = ::isatty(STDERR_FILENO) == 1,
      .columns = terminal_columns(),
      .read_input = read_input,
      .environment = [](const char* name) -> std::optional<std::string> {
        const char* value = std::getenv(name);
        return value == nullptr ? std::nullopt : std::optional<std::string>{value};
      },
      .executor = tidings::thread_executor(),
      .open = tidings::transport::open,
      .examine = tidings::transport::examine,
      .linked = tidings::transport::describe_linked(),
      .run_program = tidings::cli::run_program,
      .scripts = tidings::cli::scripts_folder(),
      .stop = [] { return stop_asked != 0; },
  };
  return tidings::cli::run({argv + 1, argv + argc}, surroundings);
}
