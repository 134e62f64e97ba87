// The suite on `local:`, on real time, with real processes and a real SIGKILL (A38).
#include <csignal>

#include "tests/conformance/conformance.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/scratch_directory.hpp"
#include "transport/local/local_transport.hpp"

namespace tidings::conformance {
namespace {

using testing::ChildProcess;

class LocalVictim final : public Victim {
 public:
  explicit LocalVictim(ChildProcess process) : process_{std::move(process)} {}
  ~LocalVictim() override { LocalVictim::kill(); }
  void kill() override {
    process_.send(SIGKILL);
    process_.wait();
  }

 private:
  ChildProcess process_;
};

class LocalFixture final : public Fixture {
 public:
  explicit LocalFixture(Room room) {
    if (room == Room::scarce) options_.emplace("size_max", std::to_string(kScarceBytesMax / 4));
  }

  std::shared_ptr<Executor> executor() override { return executor_; }
  // Opens in one process share the store; each is a member of its own.
  Result<std::unique_ptr<transport::Transport>> open(const std::string&) override {
    return local::open_local(transport::Url{.scheme = "local", .path = scratch_ / "store", .options = options_},
                             executor_);
  }
  Result<std::unique_ptr<Victim>> start(const VictimPlan& plan) override {
    std::vector<std::string> arguments = to_arguments(plan);
    arguments.insert(arguments.begin(), scratch_ / "store");
    ChildProcess process{{.program = LOCAL_VICTIM, .arguments = arguments}};
    if (!process.wait_for_output("carried out")) return invalid("the victim failed: " + process.error_output());
    return std::make_unique<LocalVictim>(std::move(process));
  }
  Duration unit() const override { return std::chrono::milliseconds{100}; }
  Duration hand_over_max() const override { return std::chrono::seconds{5}; }

 private:
  std::shared_ptr<Executor> executor_ = thread_executor();
  testing::ScratchDirectory scratch_;
  std::map<std::string, std::string, std::less<>> options_;
};

}  // namespace

TIDINGS_CONFORMANCE(Local, (Driver{"local", [](Room room) { return std::make_unique<LocalFixture>(room); }}));

}  // namespace tidings::conformance
