// Carries scenarios out, by hand. simulate SEED [COUNT [SECONDS]]: one with all that happens, or so many from that seed
// on, of which only broken promises are told. Exit code: 1 when there were any, or when it took more seconds of CPU.
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <iostream>

#include "base/fnv1a.hpp"
#include "tests/sim/promises.hpp"
#include "tests/sim/world.hpp"

namespace {

using tidings::sim::Account;
using tidings::sim::Scenario;

// What was broken.
std::vector<std::string> carried_out(std::uint64_t seed) {
  const Scenario scenario = tidings::sim::scenario_of(seed);
  return broken_promises(scenario, carry_out(scenario));
}

int show(std::uint64_t seed) {
  const Scenario scenario = tidings::sim::scenario_of(seed);
  const Account account = carry_out(scenario);
  const auto broken = broken_promises(scenario, account);
  std::cout << describe(scenario) << account.trace << "digest " << tidings::fnv1a(account.trace) << "\n";
  for (const std::string& each : broken) std::cout << "seed " << seed << ": " << each << "\n";
  return broken.empty() ? 0 : 1;
}

int try_many(std::uint64_t first, std::uint64_t count, double seconds_max) {
  int failed = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const auto broken = carried_out(seed);
    if (!broken.empty()) ++failed;
    for (const std::string& each : broken) std::cout << "seed " << seed << ": " << each << std::endl;
  }
  const double seconds = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
  std::cout << failed << " of " << count << " seeds break a promise; " << seconds << " s of CPU\n";
  if (seconds > seconds_max) std::cout << "that is more than " << seconds_max << " s\n";
  return failed > 0 || seconds > seconds_max ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: simulate SEED [COUNT [SECONDS]]\n";
    return 2;
  }
  const std::uint64_t first = std::strtoull(argv[1], nullptr, 10);
  if (argc == 2) return show(first);
  return try_many(first, std::strtoull(argv[2], nullptr, 10), argc > 3 ? std::strtod(argv[3], nullptr) : 1e9);
}
