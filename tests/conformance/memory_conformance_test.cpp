// The suite on `memory:`, on virtual time.
#include "tests/conformance/service/feeder.hpp"
#include "tests/conformance/service/service_conformance.hpp"
#include "tests/conformance/service/worker.hpp"
#include "tests/support/scratch_directory.hpp"
#include "tidings/testing/simulated_executor.hpp"
#include "transport/memory/memory_transport.hpp"

namespace tidings::conformance {
namespace {

using memory::FaultPoint;
using memory::Harm;
using memory::MemoryBroker;
using memory::MemoryOptions;

class MemoryVictim final : public Victim {
 public:
  MemoryVictim(std::shared_ptr<MemoryBroker> broker, std::string process,
               std::unique_ptr<transport::Transport> transport, Carried carried)
      : broker_{std::move(broker)},
        process_{std::move(process)},
        transport_{std::move(transport)},
        carried_{std::move(carried)} {}
  ~MemoryVictim() override { kill(); }
  void kill() override { broker_->crash(process_); }

 private:
  std::shared_ptr<MemoryBroker> broker_;
  std::string process_;
  std::unique_ptr<transport::Transport> transport_;
  Carried carried_;
};

// A Worker, or a Feeder, in a process that is only pretended.
template <class Process>
class MemoryProcess final : public WorkerProcess {
 public:
  MemoryProcess(std::shared_ptr<MemoryBroker> broker, std::string name, std::unique_ptr<Process> process)
      : broker_{std::move(broker)}, name_{std::move(name)}, process_{std::move(process)} {}
  ~MemoryProcess() override { MemoryProcess::kill(); }
  void kill() override {
    if (!process_->ended()) broker_->crash(name_);
    process_->end();
  }
  Result<void> stop() override {
    auto stopped = process_->stop();
    process_->end();
    return stopped;
  }
  bool running() override { return !process_->ended(); }

 private:
  std::shared_ptr<MemoryBroker> broker_;
  std::string name_;
  std::unique_ptr<Process> process_;
};

class MemoryInterruption final : public Interruption {
 public:
  MemoryInterruption(std::shared_ptr<MemoryBroker> broker, Harm harm) : broker_{std::move(broker)} {
    for (const FaultPoint point : {FaultPoint::publish, FaultPoint::settle, FaultPoint::receive}) {
      broker_->inject({.point = point, .harm = harm, .times = SIZE_MAX});
    }
  }
  ~MemoryInterruption() override { broker_->heal(); }

 private:
  std::shared_ptr<MemoryBroker> broker_;
};

// These processes have no connection.
class MemoryAbsence final : public Interruption {
 public:
  MemoryAbsence(std::shared_ptr<MemoryBroker> broker, std::vector<std::string> processes)
      : broker_{std::move(broker)}, processes_{std::move(processes)} {
    for (const std::string& process : processes_) broker_->cut_off(process);
  }
  ~MemoryAbsence() override {
    for (const std::string& process : processes_) broker_->restore(process);
  }

 private:
  std::shared_ptr<MemoryBroker> broker_;
  const std::vector<std::string> processes_;
};

constexpr Duration kStrictHoldMax = std::chrono::seconds{20};
constexpr Duration kRevokeWithin = std::chrono::seconds{5};

struct NamedPoint {
  const char* name;
  FaultPoint point;
  memory::FaultMoment moment;
};
constexpr NamedPoint kFaultPoints[] = {{"received", FaultPoint::receive, memory::FaultMoment::after},
                                       {"settling", FaultPoint::settle, memory::FaultMoment::before},
                                       {"settled", FaultPoint::settle, memory::FaultMoment::after}};

// What transports differ in: each seed shows another side of it.
struct Temper {
  std::optional<Duration> revoke_within;
  std::optional<Duration> strict_hold_max;
  bool transactional = true;
  std::size_t suspect_window = 0;
};
constexpr Temper kPatient{};
constexpr Temper kImpatient{.strict_hold_max = kStrictHoldMax};
constexpr Temper kStrict{.revoke_within = kRevokeWithin};
// As Apache Kafka without transactions.
constexpr Temper kBroker{.revoke_within = kRevokeWithin, .transactional = false, .suspect_window = 1'000};

class MemoryFixture final : public Fixture {
 public:
  MemoryFixture(Room room, std::uint64_t seed, const Temper& temper)
      : executor_{std::make_shared<testing::SimulatedExecutor>(seed)},
        broker_{MemoryBroker::make(executor_,
                                   {.bytes_max = room == Room::ample ? MemoryOptions{}.bytes_max : kScarceBytesMax / 4,
                                    .revoke_within = temper.revoke_within,
                                    .strict_hold_max = temper.strict_hold_max,
                                    .transactional = temper.transactional,
                                    .suspect_window = temper.suspect_window})} {}

  std::shared_ptr<Executor> executor() override { return executor_; }
  Result<std::unique_ptr<transport::Transport>> open(const std::string& process) override {
    processes_[process] = process;
    return broker_->open(process);
  }
  Result<std::unique_ptr<Victim>> start(const VictimPlan& plan) override {
    auto process = "victim-" + std::to_string(++victims_);
    auto transport = broker_->open(process);
    auto carried = carry_out(plan, *transport, *executor_);
    if (!carried) return carried.error();
    return std::make_unique<MemoryVictim>(broker_, std::move(process), std::move(transport), *std::move(carried));
  }
  std::filesystem::path directory() const override { return scratch_.path(); }
  Result<std::unique_ptr<WorkerProcess>> start_worker(const WorkerPlan& plan) override { return begin<Worker>(plan); }
  Result<std::unique_ptr<WorkerProcess>> start_feeder(const FeederPlan& plan) override { return begin<Feeder>(plan); }

  std::vector<std::string> fault_points() const override {
    std::vector<std::string> names;
    for (const auto& point : kFaultPoints) names.emplace_back(point.name);
    return names;
  }
  std::vector<Away> interruptions() const override { return {Away::refusing, Away::hanging, Away::gone}; }
  std::unique_ptr<Interruption> interrupt(Away how) override {
    if (how == Away::gone) return std::make_unique<MemoryAbsence>(broker_, all_but_here());
    return std::make_unique<MemoryInterruption>(broker_, how == Away::hanging ? Harm::hang : Harm::refuse);
  }
  std::unique_ptr<Interruption> cut_off(const std::string& instance) override {
    return std::make_unique<MemoryAbsence>(broker_, std::vector{processes_.at(instance)});
  }
  Duration hasten_gone() override { return transport::kGoneAfter; }
  bool virtual_time() const override { return true; }
  Duration unit() const override { return std::chrono::seconds{1}; }
  Duration hand_over_max() const override { return kRevokeWithin; }

 private:
  template <class Process>
  Result<std::unique_ptr<WorkerProcess>> begin(const auto& plan) {
    // A name for each life: what a dead process still holds open must not end the next one's.
    const std::string name = plan.instance + "-" + std::to_string(++workers_);
    processes_[plan.instance] = name;
    inject(plan.dies_at, plan.dies_after, name);
    auto process = Process::start(plan, {.transport = broker_->open(name),
                                         .executor = executor_,
                                         .directory = scratch_.path(),
                                         .die = [broker = broker_, name] { broker->crash(name); },
                                         .lives = [broker = broker_, name] { return broker->lives(name); }});
    if (!process) return process.error();
    return std::make_unique<MemoryProcess<Process>>(broker_, name, *std::move(process));
  }
  void inject(const std::string& point, int passings, const std::string& name) {
    for (const auto& [known, at, moment] : kFaultPoints) {
      if (point != known) continue;
      broker_->inject({.point = at,
                       .moment = moment,
                       .harm = Harm::crash,
                       .process = name,
                       .skip = static_cast<std::size_t>(passings - 1)});
    }
  }
  // The suite looks on from there.
  std::vector<std::string> all_but_here() const {
    std::vector<std::string> names;
    for (const auto& [instance, name] : processes_) {
      if (instance != "here") names.push_back(name);
    }
    return names;
  }

  testing::ScratchDirectory scratch_;
  std::shared_ptr<testing::SimulatedExecutor> executor_;
  std::shared_ptr<MemoryBroker> broker_;
  std::map<std::string, std::string> processes_;  // by instance: its name at the broker
  int victims_ = 0;
  int workers_ = 0;
};

Driver memory_driver(std::uint64_t seed, const Temper& temper) {
  return {.name = "memory",
          .make_fixture = [=](Room room) { return std::make_unique<MemoryFixture>(room, seed, temper); }};
}

}  // namespace

// Each seed gives another order of the threads.
TIDINGS_CONFORMANCE(Seed1, memory_driver(1, kPatient));
TIDINGS_CONFORMANCE(Seed2, memory_driver(2, kImpatient));
TIDINGS_CONFORMANCE(Seed3, memory_driver(3, kStrict));
TIDINGS_CONFORMANCE(Broker, memory_driver(4, kBroker));
TIDINGS_SERVICE_CONFORMANCE(Broker, memory_driver(4, kBroker));
TIDINGS_SERVICE_CONFORMANCE(Seed1, memory_driver(1, kPatient));
TIDINGS_SERVICE_CONFORMANCE(Seed2, memory_driver(2, kImpatient));
TIDINGS_SERVICE_CONFORMANCE(Seed3, memory_driver(3, kStrict));

}  // namespace tidings::conformance
