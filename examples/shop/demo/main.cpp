// The demo: ./demo builds and runs it.
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>

#include "options.hpp"
#include "shop_run.hpp"

namespace {

constexpr int kInterrupted = 130;

std::atomic<int> interrupts = 0;
static_assert(std::atomic<int>::is_always_lock_free);

// The second one ends us at once, and the kernel ends our children with us.
void on_signal(int) {
  if (interrupts.fetch_add(1) > 0) _exit(kInterrupted);
}

void watch_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

int fail(const tidings::Error& error) {
  std::fprintf(stderr, "demo: %s\n", error.message.c_str());
  return 1;
}

int run(const shop::DemoOptions& options) {
  const auto kind = options.lines ? shop::ScreenKind::lines : shop::screen_kind(stdout);
  auto run = shop::ShopRun::prepare(options, shop::Screen{stdout, kind}, tidings::thread_executor(), interrupts);
  if (!run) return fail(run.error());
  const auto end = (*run)->drive();
  if (!end) return fail(end.error());
  if (*end == shop::RunEnd::interrupted) {
    std::puts("Interrupted; all services are drained. --keep carries on.");
    return kInterrupted;
  }
  const auto balanced = (*run)->make_up_books();
  if (!balanced) return fail(balanced.error());
  return *balanced ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  watch_signals();
  const auto options = shop::parse_demo_options(argc, argv);
  if (const auto* code = std::get_if<int>(&options)) return *code;
  return run(std::get<shop::DemoOptions>(options));
}
