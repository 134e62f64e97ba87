#include "tests/conformance/child_processes.hpp"

#include <csignal>
#include <iostream>

#include "tidings/json.hpp"

namespace tidings::conformance {

using testing::ChildExit;
using testing::ChildProcess;
using testing::ChildSpec;

namespace {

void kill_and_reap(ChildProcess& process) {
  process.send(SIGKILL);
  process.wait();
}

class ChildVictim final : public Victim {
 public:
  explicit ChildVictim(ChildProcess process) : process_{std::move(process)} {}
  ~ChildVictim() override { ChildVictim::kill(); }
  void kill() override { kill_and_reap(process_); }

 private:
  ChildProcess process_;
};

class ChildWorker final : public WorkerProcess {
 public:
  explicit ChildWorker(ChildProcess process) : process_{std::move(process)} {}
  ~ChildWorker() override { ChildWorker::kill(); }
  void kill() override { kill_and_reap(process_); }
  Result<void> stop() override {
    process_.send(SIGTERM);
    const auto exit = process_.wait();
    if (!exit) return unavailable("the worker does not end");
    if (*exit != ChildExit{.code = 0}) return invalid("the worker failed: " + process_.error_output());
    return {};
  }
  bool running() override {
    if (process_.running()) return true;
    const auto exit = process_.wait();
    std::cerr << "a worker ended with code " << exit->code << ", signal " << exit->signal << ": "
              << process_.error_output() << std::endl;
    return false;
  }

 private:
  ChildProcess process_;
};

Result<std::unique_ptr<WorkerProcess>> start(std::vector<std::string> arguments, Environment environment) {
  ChildProcess process{
      {.program = CONFORMANCE_PROCESS, .arguments = std::move(arguments), .environment = std::move(environment)}};
  if (!process.wait_for_output("at work") && process.wait() != ChildExit{.signal = SIGKILL}) {
    return invalid("the process failed: " + process.error_output());  // but its first task may have killed it
  }
  return std::make_unique<ChildWorker>(std::move(process));
}

}  // namespace

ChildSpec victim_process(const std::string& url, const VictimPlan& plan) {
  std::vector<std::string> arguments{url, "victim"};
  for (std::string& argument : to_arguments(plan)) arguments.push_back(std::move(argument));
  return {.program = CONFORMANCE_PROCESS, .arguments = std::move(arguments)};
}

Result<std::unique_ptr<Victim>> start_victim(const std::string& url, const VictimPlan& plan) {
  ChildProcess process{victim_process(url, plan)};
  if (!process.wait_for_output("carried out")) return invalid("the victim failed: " + process.error_output());
  return std::make_unique<ChildVictim>(std::move(process));
}

Result<std::unique_ptr<WorkerProcess>> start_worker(const std::string& url, const std::filesystem::path& directory,
                                                    const WorkerPlan& plan, Environment environment) {
  return start({url, "work", directory, to_json(plan).value()}, std::move(environment));
}

Result<std::unique_ptr<WorkerProcess>> start_feeder(const std::string& url, const std::filesystem::path& directory,
                                                    const FeederPlan& plan, Environment environment) {
  return start({url, "feed", directory, to_json(plan).value()}, std::move(environment));
}

}  // namespace tidings::conformance
