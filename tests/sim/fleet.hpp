// Many instances of one service on one simulated deployment, for an hour in which all of them are restarted, some
// crash, and their number changes: what a rebalance costs, and how many lanes a load needs.
//
// Real services and `memory:`, virtual time. The same plan gives the same figures, always.
// Threads: the one that calls it. Blocks: some 0.3 ms for each event and instance that comes or goes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tidings/names.hpp"

namespace tidings::sim {

struct FleetPlan {
  std::uint64_t seed = 1;
  int instances = 200;
  int partitions = 1'000;
  int lanes = 4;  // of each instance
  int keys = 20'000;
  int events_per_second = 100;
  std::chrono::milliseconds handler{50};  // from half of it to one and a half
  std::chrono::seconds lasts{3'600};
  bool steady = false;  // nobody comes or goes
  int crashes = 10;
};

// What some of the events had to wait from their publication to their handler.
struct Waits {
  std::string name;
  std::size_t events = 0;
  std::chrono::microseconds median{}, p99{}, most{};
};

// Instances that came or went in one way.
struct Moves {
  std::string name;
  std::size_t times = 0;
  double partitions = 0;                // that changed hands for one
  std::chrono::milliseconds longest{};  // that one took to leave, or to have its share
};

struct FleetFigures {
  std::vector<Waits> waits;  // by stage of the hour
  std::vector<Moves> moves;
  std::size_t events = 0;
  std::size_t repeated = 0;         // runs beyond the first
  std::vector<std::string> broken;  // promises
};

FleetFigures carry_out(const FleetPlan& plan);

}  // namespace tidings::sim
