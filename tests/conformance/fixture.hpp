// What a driver brings to the conformance suite: how to open its deployments, and how to kill a process there.
//
// Threads: the test's. The suite runs on real time and on a simulated executor alike.
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "tests/conformance/victim_plan.hpp"
#include "tidings/executor.hpp"
#include "tidings/transport/transport.hpp"

namespace tidings::conformance {

// A process of a deployment that carries out a plan, and then stands still until it is killed.
class Victim {
 public:
  virtual ~Victim() = default;  // kills it
  // As by SIGKILL. Returns when the process is gone.
  virtual void kill() = 0;
};

// One fresh deployment for one test.
class Fixture {
 public:
  virtual ~Fixture() = default;

  virtual std::shared_ptr<Executor> executor() = 0;

  // A view of the deployment, as another process of that name has it. The suite opens a name once at a time.
  virtual Result<std::unique_ptr<transport::Transport>> open(const std::string& process) = 0;

  // Starts a process that carries out `plan`; returns when that is done. invalid: the plan failed.
  virtual Result<std::unique_ptr<Victim>> start(const VictimPlan& plan) = 0;

  // The least delay that is worth asserting here. The suite counts in this unit.
  virtual Duration unit() const = 0;
  // The longest that a cooperative hand-over may take: an owner that ignores `revoking` loses after that.
  virtual Duration hand_over_max() const = 0;
};

enum class Room {
  ample,
  scarce,  // full after at most kScarceBytesMax; expired records make room within kScarceCleaningMax
};
inline constexpr std::size_t kScarceBytesMax = 64u << 20;
inline constexpr Duration kScarceCleaningMax = std::chrono::minutes{2};

struct Driver {
  std::string name;
  std::function<std::unique_ptr<Fixture>(Room)> make_fixture;

  friend std::ostream& operator<<(std::ostream& out, const Driver& driver) { return out << driver.name; }
};

}  // namespace tidings::conformance
