// The services of the shop as child processes: started, watched, killed on purpose, drained.
//
// Threads: one.
#pragma once

#include <optional>
#include <random>
#include <string>
#include <vector>

#include "child.hpp"
#include "tidings/executor.hpp"
#include "tidings/result.hpp"

namespace shop {

struct FleetMember {
  std::string name;
  Child::Command command;
};

class Fleet final {
 public:
  Fleet(std::vector<FleetMember> members, tidings::Executor& executor);

  // Starts those that do not run.
  tidings::Result<void> start();
  // unavailable: one ended that we did not end; with the last lines of its log.
  tidings::Result<void> check();
  // SIGKILL, then a new process.
  tidings::Result<void> crash(std::size_t index);
  // SIGTERM to all; at the deadline SIGKILL to those that still run, named in the error with those that ended badly.
  tidings::Result<void> stop(tidings::Time deadline);

  std::size_t size() const { return members_.size(); }
  const std::string& name(std::size_t index) const { return members_[index].plan.name; }
  int crashes(std::size_t index) const { return members_[index].crashes; }
  int crashes() const;

 private:
  struct Member {
    FleetMember plan;
    std::optional<Child> child;
    int crashes = 0;
  };

  tidings::Result<void> start(Member& member);

  std::vector<Member> members_;
  tidings::Executor& executor_;
};

// When to kill whom: about once an `interval`, by a seed.
class Chaos final {
 public:
  Chaos(std::uint64_t seed, tidings::Duration interval, tidings::Time begin);

  // The index of the next victim when it is time, at most one a call.
  std::optional<std::size_t> due(tidings::Time now, std::size_t members);

 private:
  void schedule(tidings::Time from);

  std::mt19937_64 random_;
  tidings::Duration interval_;
  tidings::Time next_;
};

}  // namespace shop
