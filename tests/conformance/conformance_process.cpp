// A process of the suite, on any transport that is linked in:
//   conformance_process URL victim PLAN...      carries out a VictimPlan, and stands still until it is killed
//   conformance_process URL work|feed DIR PLAN  runs a Worker or a Feeder until SIGTERM
// Says `carried out` or `at work` when it is.
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "tests/conformance/service/feeder.hpp"
#include "tests/conformance/service/worker.hpp"
#include "tests/conformance/victim_plan.hpp"
#include "tidings/json.hpp"
#include "tidings/transport/linked.hpp"

namespace {

using namespace tidings;

constexpr int kUsage = 2;

int fail(const Error& error) {
  std::cerr << error.message << std::endl;
  return 1;
}

int be_victim(const std::vector<std::string>& arguments, transport::Transport& transport, Executor& executor) {
  const auto plan = conformance::plan_from(arguments);
  if (!plan) return fail(plan.error());
  const auto carried = conformance::carry_out(*plan, transport, executor);
  if (!carried) return fail(carried.error());
  std::cout << "carried out" << std::endl;
  for (;;) ::pause();
}

// Works, or feeds, until the signal.
template <class Process, class Plan>
int run(const std::string& text, conformance::WorkerHost host, const sigset_t& signals) {
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

// Before there are threads: they inherit it, and the signal waits for sigwait().
sigset_t block_sigterm() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments{argv + 1, argv + argc};
  if (arguments.size() < 2) return kUsage;
  const std::string& role = arguments[1];
  const sigset_t signals = block_sigterm();
  const auto executor = thread_executor();
  auto transport = transport::open(arguments[0], executor);
  if (!transport) return fail(transport.error());
  if (role == "victim") return be_victim({arguments.begin() + 2, arguments.end()}, **transport, *executor);
  if (arguments.size() != 4) return kUsage;
  conformance::WorkerHost host{
      .transport = *std::move(transport), .executor = executor, .directory = arguments[2], .die = [] {
        ::raise(SIGKILL);
      }};
  if (role == "work") return run<conformance::Worker, conformance::WorkerPlan>(arguments[3], std::move(host), signals);
  if (role == "feed") return run<conformance::Feeder, conformance::FeederPlan>(arguments[3], std::move(host), signals);
  return kUsage;
}
