// E6, in short: a small fleet keeps the promises while all of it is restarted, and the same plan gives the same
// figures. The whole hour: Fleet.AnHourOf200InstancesAnd1000Partitions, with --long.
#include "tests/sim/fleet.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace tidings::sim {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;

FleetPlan small_plan() {
  FleetPlan plan{.instances = 8, .partitions = 48, .lanes = 2, .keys = 100, .events_per_second = 60};
  plan.lasts = 60s;
  plan.crashes = 2;
  return plan;
}

const Moves& moves_of(const FleetFigures& figures, const std::string& name) {
  return *std::ranges::find(figures.moves, name, &Moves::name);
}

TEST(Fleet, KeepsThePromisesWhileAllOfItIsRestarted) {
  const FleetFigures figures = carry_out(small_plan());
  EXPECT_THAT(figures.broken, IsEmpty());
  EXPECT_EQ(figures.events, 3'600u);
}

// Cooperative: what nobody has to give up stays where it is.
TEST(Fleet, MovesNoMoreThanTheShareOfWhoComesOrGoes) {
  const FleetFigures figures = carry_out(small_plan());
  EXPECT_EQ(moves_of(figures, "one drains and ends").times, 8u);
  EXPECT_EQ(moves_of(figures, "one drains and ends").partitions, 48.0 / 8);
  EXPECT_EQ(moves_of(figures, "one comes").partitions, 48.0 / 8);
  EXPECT_EQ(moves_of(figures, "one crashes").partitions, 48.0 / 8);
}

TEST(Fleet, GivesTheSameFiguresAgain) {
  const FleetFigures once = carry_out(small_plan()), again = carry_out(small_plan());
  ASSERT_EQ(once.waits.size(), again.waits.size());
  for (std::size_t i = 0; i < once.waits.size(); ++i) {
    EXPECT_EQ(once.waits[i].most, again.waits[i].most) << once.waits[i].name;
    EXPECT_EQ(once.waits[i].p99, again.waits[i].p99) << once.waits[i].name;
  }
}

}  // namespace
}  // namespace tidings::sim
