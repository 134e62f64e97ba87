// What a driver brings to the conformance suite: how to open its deployments, and how to kill a process there.
//
// Threads: the test's. The suite runs on real time and on a simulated executor alike.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "tests/conformance/service/feeder_plan.hpp"
#include "tests/conformance/service/worker_plan.hpp"
#include "tests/conformance/victim_plan.hpp"
#include "tidings/executor.hpp"
#include "tidings/transport/transport.hpp"

namespace tidings::conformance {

// The only queue that tests give by name (SubscriptionSpec::queue).
inline constexpr const char* kNamedQueue = "named_queue";

// A process of a deployment that carries out a plan, and then stands still until it is killed.
class Victim {
 public:
  virtual ~Victim() = default;  // kills it
  // As by SIGKILL. Returns when the process is gone.
  virtual void kill() = 0;
};

// A process that runs a service, or feeds it.
class WorkerProcess {
 public:
  virtual ~WorkerProcess() = default;  // kills it
  // As by SIGKILL. Returns when the process is gone.
  virtual void kill() = 0;
  // As by SIGTERM. Returns when the process has ended; the error says how it did not end well.
  virtual Result<void> stop() = 0;
  // False: it is gone, by kill(), stop(), or a task that killed it.
  virtual bool running() = 0;
};

// How a transport is away.
enum class Away {
  refusing,  // it answers, with an error that passes
  hanging,   // it does not answer
  gone,      // connections are lost, new ones fail
};

// The transport is away, or a process from it; the destructor brings it back.
class Interruption {
 public:
  virtual ~Interruption() = default;
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

  // Where the workers of this deployment leave their journal and their database.
  virtual std::filesystem::path directory() const = 0;
  // Starts a service process; returns when it has joined its group.
  virtual Result<std::unique_ptr<WorkerProcess>> start_worker(const WorkerPlan& plan) = 0;
  // Starts a process that publishes.
  virtual Result<std::unique_ptr<WorkerProcess>> start_feeder(const FeederPlan& plan) = 0;

  // Points of the transport at which a worker can be made to die (WorkerPlan::dies_at), in the order of a settlement.
  virtual std::vector<std::string> fault_points() const = 0;

  // In which ways the transport can be away; at least one.
  virtual std::vector<Away> interruptions() const = 0;
  // For as long as that lives, no process can publish, receive or settle.
  virtual std::unique_ptr<Interruption> interrupt(Away how) = 0;
  // The process of that instance, alive, is held to be dead: others take over. Null: that cannot happen here.
  virtual std::unique_ptr<Interruption> cut_off(const std::string& instance) = 0;

  // Makes the time without a member after which a group is gone as short as this transport lets it be, and returns it.
  // Before anything is opened.
  virtual Duration hasten_gone() = 0;

  // Whether time is exact: nothing is late but what the transport makes late.
  virtual bool virtual_time() const { return false; }
  // The least delay that is worth asserting here. The suite counts in this unit.
  virtual Duration unit() const = 0;
  // The longest that a cooperative hand-over may take; with Capabilities::revoke_max, that.
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
