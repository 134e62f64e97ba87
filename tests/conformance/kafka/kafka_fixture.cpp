#include "tests/conformance/kafka/kafka_fixture.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <span>

#include "tests/conformance/child_processes.hpp"
#include "tests/conformance/service/service_conformance.hpp"
#include "transport/kafka/client/cluster.hpp"
#include "transport/kafka/kafka_transport.hpp"

namespace tidings::conformance {

namespace {

constexpr const char* kOptions = "&create_topics=yes&partitions=4&linger=0ms&commit_every=5ms&revoke_within=2s";
constexpr const char* kShortSession = "&session_timeout=4s";  // where nothing else was asked for

constexpr int kAnswerMilliseconds = 5'000;

class BrokerHangs final : public Interruption {
 public:
  explicit BrokerHangs(const KafkaBrokers& brokers) : brokers_{brokers} { brokers_.signal(SIGSTOP); }
  ~BrokerHangs() override { brokers_.signal(SIGCONT); }

 private:
  const KafkaBrokers& brokers_;
};

class BrokerIsDead final : public Interruption {
 public:
  explicit BrokerIsDead(const KafkaBrokers& brokers) : brokers_{brokers} { brokers_.signal(SIGKILL); }
  ~BrokerIsDead() override { brokers_.start(); }

 private:
  const KafkaBrokers& brokers_;
};

std::string shared_url() {
  const char* given = std::getenv("TIDINGS_KAFKA_URL");
  return given != nullptr ? given : first_line(std::filesystem::path{KAFKA_BROKER} / "url");
}

std::string query_of(const std::string& prefix, const std::string& options) {
  const char* more = std::getenv("TIDINGS_KAFKA_EXTRA");  // say, &rdkafka.debug=cgrp
  const bool has_session = options.find("&session_timeout=") != options.npos;
  return "?prefix=" + prefix + kOptions + (has_session ? "" : kShortSession) + options + (more != nullptr ? more : "");
}

}  // namespace

KafkaFixture::KafkaFixture(std::unique_ptr<KafkaBrokers> brokers, const std::string& options)
    : executor_{thread_executor()},
      brokers_{std::move(brokers)},
      prefix_{"t" + std::to_string(executor_->random() % 1'000'000'000) + "."},
      query_{query_of(prefix_, options)},
      url_{(brokers_ ? brokers_->url() : shared_url()) + query_},
      view_{url_} {}

KafkaFixture::~KafkaFixture() {
  if (!brokers_) remove_topics();
}

Result<std::unique_ptr<transport::Transport>> KafkaFixture::open(const std::string&) {
  return kafka::open_kafka(transport::parse_url(view_).value(), executor_);
}

Result<std::unique_ptr<Victim>> KafkaFixture::start(const VictimPlan& plan) {
  return start_victim(url_, plan);
}

Result<std::unique_ptr<WorkerProcess>> KafkaFixture::start_worker(const WorkerPlan& plan) {
  Environment environment;
  if (const auto points = fault_points(); std::find(points.begin(), points.end(), plan.dies_at) != points.end()) {
    environment.emplace("TIDINGS_FAULT", plan.dies_at + ":" + std::to_string(plan.dies_after));
  }
  return conformance::start_worker(url_, directory(), plan, std::move(environment));
}

Result<std::unique_ptr<WorkerProcess>> KafkaFixture::start_feeder(const FeederPlan& plan) {
  return conformance::start_feeder(url_, directory(), plan, {});
}

std::vector<std::string> KafkaFixture::fault_points() const {
  if (!long_run()) return {"in_transaction", "before_commit"};
  return {"before_transaction", "in_transaction", "after_transaction", "before_commit", "after_commit"};
}

std::unique_ptr<Interruption> KafkaFixture::interrupt(Away how) {
  if (how == Away::gone) return std::make_unique<BrokerIsDead>(*brokers_);
  return std::make_unique<BrokerHangs>(*brokers_);
}

Duration KafkaFixture::hasten_gone() {
  return transport::kGoneAfter;
}

bool KafkaFixture::in_sync() const {
  const auto options = kafka::options_from(transport::parse_url(url_).value());
  const auto cluster = kafka::Cluster::open(*options, executor_);
  if (!cluster) return false;
  const auto client = (*cluster)->client(RD_KAFKA_PRODUCER, {});
  const struct rd_kafka_metadata* answer = nullptr;
  if (!client || rd_kafka_metadata(client->get(), 1, nullptr, &answer, kAnswerMilliseconds) != 0) return false;
  bool in_sync = true;
  for (const auto& topic : std::span{answer->topics, static_cast<std::size_t>(answer->topic_cnt)}) {
    for (const auto& partition : std::span{topic.partitions, static_cast<std::size_t>(topic.partition_cnt)}) {
      in_sync = in_sync && partition.isr_cnt == partition.replica_cnt;
    }
  }
  rd_kafka_metadata_destroy(answer);
  return in_sync;
}

// So that the shared broker stays small.
void KafkaFixture::remove_topics() const {
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

}  // namespace tidings::conformance
