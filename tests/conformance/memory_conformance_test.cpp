// The suite on `memory:`, on virtual time.
#include "tests/conformance/conformance.hpp"
#include "tidings/testing/simulated_executor.hpp"
#include "transport/memory/memory_transport.hpp"

namespace tidings::conformance {
namespace {

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

class MemoryFixture final : public Fixture {
 public:
  MemoryFixture(Room room, std::uint64_t seed)
      : executor_{std::make_shared<testing::SimulatedExecutor>(seed)},
        broker_{MemoryBroker::make(
            executor_, room == Room::ample ? MemoryOptions{} : MemoryOptions{.bytes_max = kScarceBytesMax / 4})} {}

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
  Duration unit() const override { return std::chrono::seconds{1}; }
  Duration hand_over_max() const override { return MemoryOptions{}.revoke_within; }

 private:
  std::shared_ptr<testing::SimulatedExecutor> executor_;
  std::shared_ptr<MemoryBroker> broker_;
  int victims_ = 0;
};

Driver memory_driver(std::uint64_t seed) {
  return {.name = "memory", .make_fixture = [seed](Room room) { return std::make_unique<MemoryFixture>(room, seed); }};
}

}  // namespace

// Each seed gives another order of the threads.
TIDINGS_CONFORMANCE(Seed1, memory_driver(1));
TIDINGS_CONFORMANCE(Seed2, memory_driver(2));
TIDINGS_CONFORMANCE(Seed3, memory_driver(3));

}  // namespace tidings::conformance
