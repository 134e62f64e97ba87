// The figures of docs/scaling.md: an hour of a large fleet, or what lanes and partitions a load needs.
// fleet_hour [INSTANCES PARTITIONS EVENTS_PER_SECOND SECONDS] | fleet_hour sizing. Exit code: 1 when a promise broke.
#include <fmt/format.h>

#include <cstdlib>
#include <ctime>
#include <string_view>

#include "tests/sim/fleet.hpp"

namespace {

using tidings::sim::FleetFigures;
using tidings::sim::FleetPlan;

double ms(std::chrono::microseconds time) {
  return static_cast<double>(time.count()) / 1'000;
}

bool told_broken(const FleetFigures& figures) {
  for (const std::string& each : figures.broken) fmt::print("BROKEN {}\n", each);
  return !figures.broken.empty();
}

int show_hour(const FleetPlan& plan) {
  const FleetFigures figures = carry_out(plan);
  fmt::print("{} instances of {} lanes, {} partitions, {} events/s of {} ms for {} s\n\n", plan.instances, plan.lanes,
             plan.partitions, plan.events_per_second, plan.handler.count(), plan.lasts.count());
  fmt::print("| stage | events | wait, median | p99 | longest |\n|---|---|---|---|---|\n");
  for (const auto& waits : figures.waits) {
    fmt::print("| {} | {} | {:.1f} ms | {:.1f} ms | {:.0f} ms |\n", waits.name, waits.events, ms(waits.median),
               ms(waits.p99), ms(waits.most));
  }
  fmt::print("\n| what happens | times | partitions that move | until all have their share |\n|---|---|---|---|\n");
  for (const auto& moves : figures.moves) {
    fmt::print("| {} | {} | {:.1f} | {} ms |\n", moves.name, moves.times, moves.partitions, moves.longest.count());
  }
  fmt::print("\n{} events, {} of them handled again; {:.0f} s of CPU\n", figures.events, figures.repeated,
             static_cast<double>(std::clock()) / CLOCKS_PER_SEC);
  return told_broken(figures) ? 1 : 0;
}

int show_sizing() {
  bool broken = false;
  fmt::print(
      "| instances x lanes | partitions | events/s x handler | lanes / busy ones | wait, median | p99 | longest |\n");
  fmt::print("|---|---|---|---|---|---|---|\n");
  constexpr int kShapes[][3] = {{1, 11, 12}, {1, 12, 12}, {1, 15, 12}, {1, 20, 12}, {1, 40, 12},  {2, 10, 12},
                                {5, 4, 12},  {10, 2, 12}, {5, 4, 5},   {5, 4, 60},  {10, 2, 120}, {20, 1, 240}};
  for (const auto& [instances, lanes, partitions] : kShapes) {
    FleetPlan plan{.instances = instances, .partitions = partitions, .lanes = lanes, .events_per_second = 200};
    plan.lasts = std::chrono::seconds{60};
    plan.steady = true;
    const FleetFigures figures = carry_out(plan);
    const auto& waits = figures.waits.back();
    const double busy = plan.events_per_second * ms(plan.handler) / 1'000;
    fmt::print("| {} x {} | {} | {} x {} ms | {:.1f} | {:.0f} ms | {:.0f} ms | {:.0f} ms |\n", instances, lanes,
               partitions, plan.events_per_second, plan.handler.count(), instances * lanes / busy, ms(waits.median),
               ms(waits.p99), ms(waits.most));
    broken |= told_broken(figures);
  }
  return broken ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view{argv[1]} == "sizing") return show_sizing();
  FleetPlan plan;
  if (argc == 5) {
    plan.instances = std::atoi(argv[1]);
    plan.partitions = std::atoi(argv[2]);
    plan.events_per_second = std::atoi(argv[3]);
    plan.lasts = std::chrono::seconds{std::atoi(argv[4])};
    plan.crashes = std::max(1, plan.instances / 20);
  }
  return show_hour(plan);
}
