// The suite on `kafka:`, with a real broker, real processes and a real SIGKILL. All tests share one broker, each with a
// deployment of its own (a prefix); those that interrupt it start one for themselves.
//
// TIDINGS_KAFKA_URL names the shared one; otherwise it is that of KAFKA_BROKER, the folder of `scripts/kafka up`.
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/conformance/child_processes.hpp"
#include "tests/conformance/service/service_conformance.hpp"
#include "tests/support/scratch_directory.hpp"
#include "transport/kafka/cluster.hpp"
#include "transport/kafka/kafka_transport.hpp"
#include "transport/kafka/topic_admin.hpp"

namespace tidings::conformance {
namespace {

using testing::ChildExit;
using testing::ChildProcess;

constexpr const char* kOptions =
    "&create_topics=yes&partitions=4&linger=0ms&commit_every=5ms&session_timeout=4s&revoke_within=2s";

std::string content_of(const std::filesystem::path& file) {
  std::ifstream in{file};
  std::string line;
  std::getline(in, line);
  return line;
}

void run_script(std::vector<std::string> arguments) {
  ChildProcess script{{.program = KAFKA_SCRIPT, .arguments = std::move(arguments)}};
  if (script.wait(std::chrono::minutes{2}) != ChildExit{.code = 0}) throw std::runtime_error{script.error_output()};
}

// A broker of one test.
class PrivateBroker final {
 public:
  explicit PrivateBroker(std::filesystem::path directory) : directory_{std::move(directory)} {
    run_script({"up", directory_});
  }
  ~PrivateBroker() {
    signal(SIGCONT);
    run_script({"down", directory_});
  }
  PrivateBroker(const PrivateBroker&) = delete;
  PrivateBroker& operator=(const PrivateBroker&) = delete;

  std::string url() const { return content_of(directory_ / "url"); }
  void signal(int number) const {
    if (const int pid = std::atoi(content_of(directory_ / "1" / "pid").c_str()); pid > 0) ::kill(pid, number);
  }
  void start() const { run_script({"start", directory_}); }

 private:
  const std::filesystem::path directory_;
};

class BrokerHangs final : public Interruption {
 public:
  explicit BrokerHangs(const PrivateBroker& broker) : broker_{broker} { broker_.signal(SIGSTOP); }
  ~BrokerHangs() override { broker_.signal(SIGCONT); }

 private:
  const PrivateBroker& broker_;
};

class BrokerIsDead final : public Interruption {
 public:
  explicit BrokerIsDead(const PrivateBroker& broker) : broker_{broker} { broker_.signal(SIGKILL); }
  ~BrokerIsDead() override { broker_.start(); }

 private:
  const PrivateBroker& broker_;
};

bool interrupts() {
  const std::string suite = ::testing::UnitTest::GetInstance()->current_test_info()->test_suite_name();
  return suite.ends_with("LifeConformance") || suite.ends_with("SoakConformance");
}

class KafkaFixture final : public Fixture {
 public:
  // `more`: of the URL, with its `&`.
  explicit KafkaFixture(const std::string& more) {
    if (interrupts()) broker_ = std::make_unique<PrivateBroker>(scratch_ / "broker");
    const char* given = std::getenv("TIDINGS_KAFKA_URL");
    const std::string shared = given != nullptr ? given : content_of(std::filesystem::path{KAFKA_BROKER} / "url");
    url_ = broker_ ? broker_->url() : shared;
    prefix_ = "t" + std::to_string(executor_->random() % 1'000'000'000) + ".";
    url_ += "?prefix=" + prefix_ + kOptions + more;
    if (const char* extra = std::getenv("TIDINGS_KAFKA_EXTRA")) url_ += extra;  // say, &rdkafka.debug=cgrp
  }
  ~KafkaFixture() override {
    if (!broker_) remove_topics();
  }

  std::shared_ptr<Executor> executor() override { return executor_; }
  Result<std::unique_ptr<transport::Transport>> open(const std::string&) override {
    return kafka::open_kafka(transport::parse_url(url_).value(), executor_);
  }
  Result<std::unique_ptr<Victim>> start(const VictimPlan& plan) override { return start_victim(url_, plan); }
  std::filesystem::path directory() const override { return scratch_.path(); }
  Result<std::unique_ptr<WorkerProcess>> start_worker(const WorkerPlan& plan) override {
    Environment environment;
    if (const auto points = fault_points(); std::find(points.begin(), points.end(), plan.dies_at) != points.end()) {
      environment.emplace("TIDINGS_FAULT", plan.dies_at + ":" + std::to_string(plan.dies_after));
    }
    return conformance::start_worker(url_, directory(), plan, std::move(environment));
  }
  Result<std::unique_ptr<WorkerProcess>> start_feeder(const FeederPlan& plan) override {
    return conformance::start_feeder(url_, directory(), plan, {});
  }
  std::vector<std::string> fault_points() const override {
    if (!long_run()) return {"in_transaction", "before_commit"};
    return {"before_transaction", "in_transaction", "after_transaction", "before_commit", "after_commit"};
  }
  std::vector<Away> interruptions() const override { return {Away::hanging, Away::gone}; }
  std::unique_ptr<Interruption> interrupt(Away how) override {
    if (how == Away::gone) return std::make_unique<BrokerIsDead>(*broker_);
    return std::make_unique<BrokerHangs>(*broker_);
  }
  std::unique_ptr<Interruption> cut_off(const std::string&) override { return nullptr; }
  Duration hasten_gone() override { return transport::kGoneAfter; }
  Duration unit() const override { return std::chrono::milliseconds{200}; }
  Duration hand_over_max() const override { return std::chrono::seconds{5}; }

 private:
  // So that the shared broker stays small.
  void remove_topics() const {
    const auto options = kafka::options_from(transport::parse_url(url_).value());
    const auto cluster = kafka::Cluster::open(*options, executor_);
    if (!cluster) return;
    const auto topics = (*cluster)->topics();
    if (!topics) return;
    std::vector<rd_kafka_DeleteTopic_t*> ours;
    for (const auto& [name, partitions] : *topics) {
      if (name.starts_with(prefix_)) ours.push_back(rd_kafka_DeleteTopic_new(name.c_str()));
    }
    if (ours.empty()) return;
    (void)(*cluster)->request(RD_KAFKA_ADMIN_OP_DELETETOPICS, "remove a test's topics",
                              [&](rd_kafka_t* client, rd_kafka_AdminOptions_t* admin, rd_kafka_queue_t* queue) {
                                rd_kafka_DeleteTopics(client, ours.data(), ours.size(), admin, queue);
                              });
    rd_kafka_DeleteTopic_destroy_array(ours.data(), ours.size());
  }

  std::shared_ptr<Executor> executor_ = thread_executor();
  testing::ScratchDirectory scratch_;
  std::unique_ptr<PrivateBroker> broker_;
  std::string prefix_;
  std::string url_;
};

}  // namespace

const Driver kKafka{"kafka", [](Room) { return std::make_unique<KafkaFixture>(""); }};
// What handlers publish and their settlements are one step.
const Driver kTransactional{"kafka", [](Room) { return std::make_unique<KafkaFixture>("&transactional=yes"); }};

TIDINGS_CONFORMANCE(Kafka, kKafka);
TIDINGS_SERVICE_CONFORMANCE(Kafka, kKafka);
// Of it, what settlements have to do with.
TIDINGS_CONFORMANCE_SUITE(KafkaTransactional, SettlingConformance, kTransactional);
TIDINGS_CONFORMANCE_SUITE(KafkaTransactional, RetryConformance, kTransactional);
TIDINGS_CONFORMANCE_SUITE(KafkaTransactional, HandOverConformance, kTransactional);
TIDINGS_CONFORMANCE_SUITE(KafkaTransactional, DeadLetterConformance, kTransactional);
TIDINGS_CONFORMANCE_SUITE(KafkaTransactional, RetryingConformance, kTransactional);
TIDINGS_CONFORMANCE_SUITE(KafkaTransactional, ReplayingConformance, kTransactional);
TIDINGS_CONFORMANCE_SUITE(KafkaTransactional, PoisonConformance, kTransactional);
TIDINGS_CONFORMANCE_SUITE(KafkaTransactional, OnceConformance, kTransactional);
TIDINGS_CONFORMANCE_SUITE(KafkaTransactional, SpreadConformance, kTransactional);

}  // namespace tidings::conformance
