// Carries scenarios out, by hand. simulate SEED [COUNT]: one with all that happens, or so many from that seed on, of
// which only broken promises are told. Exit code: 1 when there were any.
#include <cstdlib>
#include <iostream>

#include "base/fnv1a.hpp"
#include "tests/sim/promises.hpp"
#include "tests/sim/world.hpp"

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: simulate SEED [COUNT]\n";
    return 2;
  }
  const std::uint64_t first = std::strtoull(argv[1], nullptr, 10);
  const std::uint64_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  int failed = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const auto scenario = tidings::sim::scenario_of(seed);
    const auto account = tidings::sim::carry_out(scenario);
    const auto broken = tidings::sim::broken_promises(scenario, account);
    if (count == 1) std::cout << describe(scenario) << account.trace;
    if (count == 1) std::cout << "digest " << tidings::fnv1a(account.trace) << "\n";
    if (broken.empty()) continue;
    ++failed;
    for (const std::string& each : broken) std::cout << "seed " << seed << ": " << each << "\n";
  }
  if (count > 1) std::cout << failed << " of " << count << " seeds break a promise\n";
  return failed > 0 ? 1 : 0;
}
