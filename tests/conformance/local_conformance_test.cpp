// The suite on `local:`, on real time, with real processes and a real SIGKILL (A38).
#include <csignal>

#include "tests/conformance/service/service_conformance.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/scratch_directory.hpp"
#include "tidings/json.hpp"
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

class LocalWorker final : public WorkerProcess {
 public:
  explicit LocalWorker(ChildProcess process) : process_{std::move(process)} {}
  ~LocalWorker() override { LocalWorker::kill(); }
  void kill() override {
    process_.send(SIGKILL);
    process_.wait();
  }
  Result<void> stop() override {
    process_.send(SIGTERM);
    const auto exit = process_.wait();
    if (!exit) return unavailable("the worker does not end");
    if (*exit != testing::ChildExit{.code = 0}) return invalid("the worker failed: " + process_.error_output());
    return {};
  }
  bool running() override { return process_.running(); }

 private:
  ChildProcess process_;
};

// Another process has the store's writer lock, and does nothing with it.
class LocalInterruption final : public Interruption {
 public:
  explicit LocalInterruption(const std::filesystem::path& store)
      : holder_{{.program = LOCAL_LOCK_HOLDER, .arguments = {store}}} {
    if (!holder_.wait_for_output("holding")) throw std::runtime_error{holder_.error_output()};
  }

 private:
  ChildProcess holder_;
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
  std::filesystem::path directory() const override { return scratch_.path(); }
  Result<std::unique_ptr<WorkerProcess>> start_worker(const WorkerPlan& plan) override {
    const auto text = to_json(plan);
    if (!text) return text.error();
    ChildProcess process{{.program = LOCAL_WORKER, .arguments = {scratch_ / "store", scratch_.path(), *text}}};
    if (!process.wait_for_output("at work") && process.wait() != testing::ChildExit{.signal = SIGKILL}) {
      return invalid("the worker failed: " + process.error_output());  // but its first task may have killed it
    }
    return std::make_unique<LocalWorker>(std::move(process));
  }
  std::unique_ptr<Interruption> interrupt() override { return std::make_unique<LocalInterruption>(scratch_ / "store"); }
  Duration unit() const override { return std::chrono::milliseconds{100}; }
  Duration hand_over_max() const override { return std::chrono::seconds{5}; }

 private:
  std::shared_ptr<Executor> executor_ = thread_executor();
  testing::ScratchDirectory scratch_;
  std::map<std::string, std::string, std::less<>> options_;
};

}  // namespace

const Driver kLocal{"local", [](Room room) { return std::make_unique<LocalFixture>(room); }};

TIDINGS_CONFORMANCE(Local, kLocal);
TIDINGS_SERVICE_CONFORMANCE(Local, kLocal);

}  // namespace tidings::conformance
