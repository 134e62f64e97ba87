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
  explicit MemoryFixture(Room room)
      : broker_{MemoryBroker::make(
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
  std::shared_ptr<testing::SimulatedExecutor> executor_ = std::make_shared<testing::SimulatedExecutor>(1);
  std::shared_ptr<MemoryBroker> broker_;
  int victims_ = 0;
};

}  // namespace

TIDINGS_CONFORMANCE(Memory, (Driver{"memory", [](Room room) { return std::make_unique<MemoryFixture>(room); }}));

}  // namespace tidings::conformance
