// The suite on `memory:`, on virtual time.
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

class MemoryWorker final : public WorkerProcess {
 public:
  MemoryWorker(std::shared_ptr<MemoryBroker> broker, std::string process, std::unique_ptr<Worker> worker)
      : broker_{std::move(broker)}, process_{std::move(process)}, worker_{std::move(worker)} {}
  ~MemoryWorker() override { MemoryWorker::kill(); }
  void kill() override {
    if (!worker_->ended()) broker_->crash(process_);
    worker_->end();
  }
  Result<void> stop() override {
    auto stopped = worker_->stop();
    worker_->end();
    return stopped;
  }
  bool running() override { return !worker_->ended(); }

 private:
  std::shared_ptr<MemoryBroker> broker_;
  std::string process_;
  std::unique_ptr<Worker> worker_;
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

constexpr Duration kRevokeWithin = std::chrono::seconds{5};

// What transports differ in: each seed shows another side of it.
struct Temper {
  Harm interruption = Harm::refuse;
  std::optional<Duration> revoke_within;
};
constexpr Temper kPatient{};
constexpr Temper kHanging{.interruption = Harm::hang};
constexpr Temper kStrict{.revoke_within = kRevokeWithin};

class MemoryFixture final : public Fixture {
 public:
  MemoryFixture(Room room, std::uint64_t seed, const Temper& temper)
      : interruption_{temper.interruption},
        executor_{std::make_shared<testing::SimulatedExecutor>(seed)},
        broker_{MemoryBroker::make(executor_,
                                   {.bytes_max = room == Room::ample ? MemoryOptions{}.bytes_max : kScarceBytesMax / 4,
                                    .revoke_within = temper.revoke_within})} {}

  std::shared_ptr<Executor> executor() override { return executor_; }
  Result<std::unique_ptr<transport::Transport>> open(const std::string& process) override {
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
  Result<std::unique_ptr<WorkerProcess>> start_worker(const WorkerPlan& plan) override {
    // A name for each life: what a dead process still holds open must not end the next one's.
    const std::string process = plan.instance + "-" + std::to_string(++workers_);
    auto worker = Worker::start(plan, {.transport = broker_->open(process),
                                       .executor = executor_,
                                       .directory = scratch_.path(),
                                       .die = [broker = broker_, process] { broker->crash(process); }});
    if (!worker) return worker.error();
    return std::make_unique<MemoryWorker>(broker_, process, *std::move(worker));
  }
  std::unique_ptr<Interruption> interrupt() override {
    return std::make_unique<MemoryInterruption>(broker_, interruption_);
  }
  Duration unit() const override { return std::chrono::seconds{1}; }
  Duration hand_over_max() const override { return kRevokeWithin; }

 private:
  const Harm interruption_;
  testing::ScratchDirectory scratch_;
  std::shared_ptr<testing::SimulatedExecutor> executor_;
  std::shared_ptr<MemoryBroker> broker_;
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
TIDINGS_CONFORMANCE(Seed2, memory_driver(2, kHanging));
TIDINGS_CONFORMANCE(Seed3, memory_driver(3, kStrict));
TIDINGS_SERVICE_CONFORMANCE(Seed1, memory_driver(1, kPatient));
TIDINGS_SERVICE_CONFORMANCE(Seed2, memory_driver(2, kHanging));
TIDINGS_SERVICE_CONFORMANCE(Seed3, memory_driver(3, kStrict));

}  // namespace tidings::conformance
