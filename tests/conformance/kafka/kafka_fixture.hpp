// The suite's fixture on `kafka:`, with a real broker, real processes and a real SIGKILL.
#pragma once

#include <memory>
#include <string>

#include "tests/conformance/fixture.hpp"
#include "tests/conformance/kafka/kafka_brokers.hpp"
#include "tests/support/scratch_directory.hpp"

namespace tidings::conformance {

class KafkaFixture final : public Fixture {
 public:
  // `brokers`: of the test's own, which can be interrupted; none: the one that all share, TIDINGS_KAFKA_URL or that of
  // the folder KAFKA_BROKER. `options` of the URL, besides the suite's: `&name=value...`.
  explicit KafkaFixture(std::unique_ptr<KafkaBrokers> brokers = {}, const std::string& options = {});
  ~KafkaFixture() override;

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

  const KafkaBrokers& brokers() const { return *brokers_; }
  // Views that `open` gives from now on go there: `kafka://HOST:PORT`.
  void look_at(const std::string& url) { view_ = url + query_; }
  // Whether each partition of the deployment is on all the brokers that should have it.
  bool in_sync() const;

 private:
  void remove_topics() const;

  const std::shared_ptr<Executor> executor_;
  const testing::ScratchDirectory scratch_;
  const std::unique_ptr<KafkaBrokers> brokers_;
  const std::string prefix_;
  const std::string query_;
  const std::string url_;
  std::string view_;
};

}  // namespace tidings::conformance
