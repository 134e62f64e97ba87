// A process of the suite on `local:`: local_worker STORE DIR work|feed PLAN. Says when it is at work; ends at SIGTERM.
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "tests/conformance/service/feeder.hpp"
#include "tests/conformance/service/worker.hpp"
#include "tidings/json.hpp"
#include "transport/local/local_transport.hpp"

namespace {

using namespace tidings;

int fail(const Error& error) {
  std::cerr << error.message << std::endl;
  return 1;
}

// Works, or feeds, until the signal.
template <class Process, class Plan>
int run(const char* text, conformance::WorkerHost host, const sigset_t& signals) {
  const auto plan = from_json<Plan>(text);
  if (!plan) return fail(plan.error());
  const auto process = Process::start(*plan, std::move(host));
  if (!process) return fail(process.error());
  std::cout << "at work" << std::endl;
  int signal = 0;
  ::sigwait(&signals, &signal);
  const auto stopped = (*process)->stop();
  if (!stopped) std::_Exit(fail(stopped.error()));  // a handler still runs, and stands on what would be destroyed
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  // Before there are threads: they inherit it, and the signal waits for sigwait().
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  const auto executor = thread_executor();
  auto transport = local::open_local(transport::Url{.scheme = "local", .path = argv[1]}, executor);
  if (!transport) return fail(transport.error());
  conformance::WorkerHost host{
      .transport = *std::move(transport), .executor = executor, .directory = argv[2], .die = [] { ::raise(SIGKILL); }};
  if (std::string_view{argv[3]} == "feed")
    return run<conformance::Feeder, conformance::FeederPlan>(argv[4], std::move(host), signals);
  return run<conformance::Worker, conformance::WorkerPlan>(argv[4], std::move(host), signals);
}
