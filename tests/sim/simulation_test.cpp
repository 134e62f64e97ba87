// E5: services on `memory:` and a virtual clock, and faults that a seed draws: every promise holds, whatever the seed.
//
// TIDINGS_SIM_SEED replays one seed alone. build/dev/bin/simulate SEED shows all that happens in it.
#include <gmock/gmock.h>

#include <cstdlib>

#include "base/fnv1a.hpp"
#include "tests/sim/promises.hpp"
#include "tests/sim/world.hpp"
#include "tests/support/child_process.hpp"

namespace tidings::sim {
namespace {

using ::testing::IsEmpty;

constexpr std::uint64_t kParts = 2;  // that ctest can run side by side
constexpr std::uint64_t kSeedsOfPart = 40;

void expect_promises(std::uint64_t seed) {
  const Scenario scenario = scenario_of(seed);
  EXPECT_THAT(broken_promises(scenario, carry_out(scenario)), IsEmpty())
      << "seed " << seed << "; alone: TIDINGS_SIM_SEED=" << seed
      << " ./test Seeds/Simulation; all that happens: build/dev/bin/simulate " << seed;
}

class SimulationOfPart : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(SimulationOfPart, EverySeedKeepsThePromises) {
  if (const char* asked = std::getenv("TIDINGS_SIM_SEED")) return expect_promises(std::stoull(asked));
  const std::uint64_t first = 1 + GetParam() * kSeedsOfPart;
  for (std::uint64_t seed = first; seed < first + kSeedsOfPart; ++seed) expect_promises(seed);
}

INSTANTIATE_TEST_SUITE_P(Seeds, SimulationOfPart, ::testing::Range<std::uint64_t>(0, kParts));

std::string trace_of(std::uint64_t seed) {
  return carry_out(scenario_of(seed)).trace;
}

TEST(Simulation, ASeedReplaysBitByBit) {
  for (const std::uint64_t seed : {5u, 231u, 277u}) {
    const std::string once = trace_of(seed);
    EXPECT_GT(once.size(), 1'000u);
    EXPECT_EQ(trace_of(seed), once) << "seed " << seed;
  }
}

TEST(Simulation, ASeedReplaysBitByBitInAnotherProcess) {
  for (const std::uint64_t seed : {6u, 455u}) {
    testing::ChildProcess there{{.program = SIMULATE, .arguments = {std::to_string(seed)}}};
    EXPECT_EQ(there.wait(), testing::ChildExit{0}) << there.output();
    EXPECT_THAT(there.output(), ::testing::HasSubstr("\ndigest " + std::to_string(fnv1a(trace_of(seed))) + "\n"))
        << "seed " << seed;
  }
}

TEST(Simulation, OtherSeedsAreOtherScenarios) {
  EXPECT_NE(trace_of(1), trace_of(2));
}

}  // namespace
}  // namespace tidings::sim
