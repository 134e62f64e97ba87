// What a seed makes of a deployment: who works there, what is published, and what goes wrong when.
//
// Pure: the same seed, the same scenario, on every machine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/conformance/service/worker_plan.hpp"
#include "transport/memory/memory_faults.hpp"
#include "transport/memory/memory_options.hpp"

namespace tidings::sim {

using conformance::Task;
using conformance::WorkerPlan;

inline constexpr int kAttemptsMax = 3;
inline constexpr int kCrashesMax = 3;  // On::crash_attempts_max as it is when nothing is said
// Crashes of a group's processes that no task asked for: one less than it takes to condemn an event.
inline constexpr int kRandomCrashesMax = kCrashesMax - 1;

// A group of workers.
struct Team {
  WorkerPlan plan;  // of each; its instance is drawn from the group's name
  int instances = 1;
  Duration comes{};  // since the start
};

// An event that another service publishes.
struct Sending {
  enum class Kind { task, undecodable, unhandled };
  Kind kind = Kind::task;
  Duration at{};  // since the start
  std::string id;
  std::string key;
  Task task;
};

enum class Harm {
  fault,         // `fault` strikes in whoever meets it first, or in a worker
  away,          // nothing can be published, received or settled: refused, or it hangs
  crash,         // a worker's process, between any two steps
  client_crash,  // the publisher's process
  cut_off,       // a worker from the broker, for `lasts`
  drain,         // a worker ends, and another one starts
  join,          // one more worker
  clock,         // jumps by `lasts`
  replay,        // an operator replays the rejected dead letters of a group
};
std::string to_string(Harm harm);

struct Trouble {
  Harm harm = Harm::fault;
  Duration at{};
  int steps = 0;  // so many times others may go on before it happens, at that time
  int team = 0;
  int worker = 0;    // of the team, in turn
  Duration lasts{};  // until it is over: away, cut_off; clock: how far
  memory::Fault fault;
  bool anywhere = false;  // fault: in any process
  // drain: somebody sets the clock while it goes on, by so much, so long after its beginning
  Duration jumps{};
  Duration jumps_after{};
};

struct Scenario {
  std::uint64_t seed = 0;
  memory::MemoryOptions broker;
  std::vector<Team> teams;
  std::vector<Sending> sendings;  // by time
  std::vector<Trouble> troubles;  // by time
  std::size_t buffer_records_max = 0;
  bool bursts = false;  // many events of few keys at once, each done in no time

  const Team* team(const std::string& group) const;  // null: none
  bool is_full() const;                              // its broker cannot keep all that is published
};

Scenario scenario_of(std::uint64_t seed);

// For people.
std::string describe(const Scenario& scenario);

}  // namespace tidings::sim
