#include "service/shell/stop_signals.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <system_error>

namespace tidings::service {
namespace {

constexpr std::array<int, 2> kStopSignals{SIGTERM, SIGINT};
constexpr unsigned char kEnd = 0;

// A handler gets nothing but the signal's number: the way to the pipe must be global. -1: nobody listens.
std::atomic<int> g_pipe{-1};
static_assert(std::atomic<int>::is_always_lock_free);

extern "C" void tidings_on_stop_signal(int signal) {
  const int before = errno;
  const auto number = static_cast<unsigned char>(signal);
  // A full pipe holds thousands of signals that were not read yet: this one adds nothing.
  if (const int pipe = g_pipe.load(); pipe >= 0) [[maybe_unused]]
    const auto ignored = write(pipe, &number, 1);
  errno = before;
}

}  // namespace

class StopSignals::State final {
 public:
  State(std::array<int, 2> ends, OnSignal on_signal) : ends_{ends}, on_signal_{std::move(on_signal)} {}

  void start(Executor& executor) {
    thread_ = executor.spawn("signals", [this] { listen(); });
    g_pipe = ends_[1];
    struct sigaction action {};
    action.sa_handler = tidings_on_stop_signal;
    action.sa_flags = SA_RESTART;
    for (std::size_t i = 0; i < kStopSignals.size(); ++i) sigaction(kStopSignals[i], &action, &before_[i]);
    signal(SIGPIPE, SIG_IGN);
  }

  // The pipe stays open for ever: on another thread a handler may still be on its way to it.
  ~State() {
    for (std::size_t i = 0; i < kStopSignals.size(); ++i) sigaction(kStopSignals[i], &before_[i], nullptr);
    g_pipe = -1;
    while (write(ends_[1], &kEnd, 1) < 0 && errno == EAGAIN) continue;  // the listener makes room
    thread_.reset();
  }

 private:
  void listen() {
    unsigned char number = kEnd;
    for (int nth = 1;; ++nth) {
      ssize_t count = 0;
      while ((count = read(ends_[0], &number, 1)) < 0 && errno == EINTR) continue;
      if (count <= 0 || number == kEnd) return;
      on_signal_(number, nth);
    }
  }

  const std::array<int, 2> ends_;
  const OnSignal on_signal_;
  std::array<struct sigaction, kStopSignals.size()> before_{};
  std::unique_ptr<Thread> thread_;
};

Result<std::unique_ptr<StopSignals>> StopSignals::open(Executor& executor, OnSignal on_signal) {
  if (g_pipe.load() >= 0)
    return invalid("stop signals are taken already; only one service runs in a process at a time");
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0 || fcntl(ends[1], F_SETFL, O_NONBLOCK) != 0)
    return unavailable(fmt::format("no pipe for signals: {}", std::generic_category().message(errno)));
  auto state = std::make_unique<State>(ends, std::move(on_signal));
  state->start(executor);
  return std::unique_ptr<StopSignals>{new StopSignals{std::move(state)}};
}

StopSignals::StopSignals(std::unique_ptr<State> state) : state_{std::move(state)} {}
StopSignals::~StopSignals() = default;

}  // namespace tidings::service
