// The suite's fixture on `amqp:`, with a real server, real processes and a real SIGKILL.
#pragma once

#include <memory>
#include <string>

#include "tests/conformance/fixture.hpp"
#include "tests/conformance/rabbitmq/rabbitmq_servers.hpp"
#include "tests/support/scratch_directory.hpp"

namespace tidings::conformance {

class RabbitmqFixture final : public Fixture {
 public:
  // `servers`: of the test's own, which can be interrupted; none: the one that all share, TIDINGS_RABBITMQ_URL or that
  // of the folder RABBITMQ_BROKER. `options`: more of the URL, each with its `&`.
  explicit RabbitmqFixture(std::unique_ptr<RabbitmqServers> servers = {}, const std::string& options = "");
  ~RabbitmqFixture() override;

  std::shared_ptr<Executor> executor() override { return executor_; }
  Result<std::unique_ptr<transport::Transport>> open(const std::string& process) override;
  Result<std::unique_ptr<Victim>> start(const VictimPlan& plan) override;
  std::filesystem::path directory() const override { return scratch_.path(); }
  Result<std::unique_ptr<WorkerProcess>> start_worker(const WorkerPlan& plan) override;
  Result<std::unique_ptr<WorkerProcess>> start_feeder(const FeederPlan& plan) override;
  std::vector<std::string> fault_points() const override;
  std::vector<Away> interruptions() const override { return {Away::hanging, Away::gone}; }
  std::unique_ptr<Interruption> interrupt(Away how) override;
  std::unique_ptr<Interruption> cut_off(const std::string&) override { return nullptr; }
  Duration hasten_gone() override;
  Duration unit() const override { return std::chrono::milliseconds{200}; }
  Duration hand_over_max() const override { return std::chrono::seconds{5}; }

  const RabbitmqServers& servers() const { return *servers_; }
  // Views that `open` gives from now on go there: `amqp://HOST:PORT/`.
  void look_at(const std::string& url) { view_ = url + query_; }
  const std::string& prefix() const { return prefix_; }

 private:
  void remove_deployment();

  const std::shared_ptr<Executor> executor_;
  const testing::ScratchDirectory scratch_;
  const std::unique_ptr<RabbitmqServers> servers_;
  const std::string prefix_;
  const std::string query_;
  const std::string url_;
  std::string view_;
};

}  // namespace tidings::conformance
