// A service process of the suite on `local:`: local_worker STORE DIR PLAN. Says when it has joined; ends at SIGTERM.
#include <csignal>
#include <iostream>

#include "tests/conformance/service/worker.hpp"
#include "tidings/json.hpp"
#include "transport/local/local_transport.hpp"

namespace {

using namespace tidings;

int fail(const Error& error) {
  std::cerr << error.message << std::endl;
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  // Before there are threads: they inherit it, and the signal waits for sigwait().
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  const auto plan = from_json<conformance::WorkerPlan>(argv[3]);
  if (!plan) return fail(plan.error());
  const auto executor = thread_executor();
  auto transport = local::open_local(transport::Url{.scheme = "local", .path = argv[1]}, executor);
  if (!transport) return fail(transport.error());
  const auto worker = conformance::Worker::start(
      *plan, {.transport = *std::move(transport), .executor = executor, .directory = argv[2], .die = [] {
                ::raise(SIGKILL);
              }});
  if (!worker) return fail(worker.error());
  std::cout << "at work" << std::endl;
  int signal = 0;
  ::sigwait(&signals, &signal);
  if (const auto stopped = (*worker)->stop(); !stopped) return fail(stopped.error());
  return 0;
}
