#include "tests/conformance/rabbitmq/rabbitmq_fixture.hpp"

#include <csignal>
#include <cstdlib>
#include <map>

#include "tests/conformance/child_processes.hpp"
#include "tests/support/server_script.hpp"
#include "transport/rabbitmq/format/amqp_retry_ladder.hpp"
#include "transport/rabbitmq/rabbitmq_transport.hpp"
#include "transport/rabbitmq/topology/broker.hpp"
#include "transport/rabbitmq/topology/subscription_queue.hpp"

namespace tidings::conformance {

namespace {

constexpr std::int32_t kQueues = 4;
// Tests hold hundreds of events before they settle the first.
constexpr const char* kOptions = "&queues=4&prefetch=256&strict_hold_max=5s&revoke_within=2s";

constexpr const char* kShortHeartbeat = "&heartbeat=2s";  // where nothing else was asked for

class ServerHangs final : public Interruption {
 public:
  explicit ServerHangs(const RabbitmqServers& servers) : servers_{servers} { servers_.signal(SIGSTOP); }
  ~ServerHangs() override { servers_.signal(SIGCONT); }

 private:
  const RabbitmqServers& servers_;
};

class ServerIsDead final : public Interruption {
 public:
  explicit ServerIsDead(const RabbitmqServers& servers) : servers_{servers} { servers_.kill(); }
  ~ServerIsDead() override { servers_.start(); }

 private:
  const RabbitmqServers& servers_;
};

std::string shared_url() {
  const char* given = std::getenv("TIDINGS_RABBITMQ_URL");
  return given != nullptr ? given : testing::first_line(std::filesystem::path{RABBITMQ_BROKER} / "url");
}

std::string query_of(const std::string& prefix, const std::string& options) {
  const bool has_heartbeat = options.find("&heartbeat=") != options.npos;
  return "?prefix=" + prefix + kOptions + (has_heartbeat ? "" : kShortHeartbeat) + options;
}

// All that a subscription may have.
std::vector<std::string> queues_of_subscription(const std::string& name, std::int32_t count) {
  auto queues = rabbitmq::queues_of(name, count, rabbitmq::QueueKind::quorum).read;
  for (const auto step : rabbitmq::kRetrySteps) queues.push_back(rabbitmq::retries_of(name, step.count()));
  queues.push_back(rabbitmq::dead_letters_of(name));
  queues.push_back(rabbitmq::discarded_of(name));
  return queues;
}

}  // namespace

RabbitmqFixture::RabbitmqFixture(std::unique_ptr<RabbitmqServers> servers, const std::string& options)
    : executor_{thread_executor()},
      servers_{std::move(servers)},
      prefix_{"t" + std::to_string(executor_->random() % 1'000'000'000) + "."},
      query_{query_of(prefix_, options)},
      url_{(servers_ ? servers_->url() : shared_url()) + query_},
      view_{url_} {}

RabbitmqFixture::~RabbitmqFixture() {
  if (!servers_) remove_deployment();
}

Result<std::unique_ptr<transport::Transport>> RabbitmqFixture::open(const std::string&) {
  return rabbitmq::open_rabbitmq(transport::parse_url(view_).value(), executor_);
}

Result<std::unique_ptr<Victim>> RabbitmqFixture::start(const VictimPlan& plan) {
  return start_victim(url_, plan);
}

Result<std::unique_ptr<WorkerProcess>> RabbitmqFixture::start_worker(const WorkerPlan& plan) {
  return conformance::start_worker(url_, directory(), plan, {});
}

Result<std::unique_ptr<WorkerProcess>> RabbitmqFixture::start_feeder(const FeederPlan& plan) {
  return conformance::start_feeder(url_, directory(), plan, {});
}

std::vector<std::string> RabbitmqFixture::fault_points() const {
  return {"before_publish", "after_publish", "after_trial", "after_acknowledgement"};
}

std::unique_ptr<Interruption> RabbitmqFixture::interrupt(Away how) {
  if (how == Away::gone) return std::make_unique<ServerIsDead>(*servers_);
  return std::make_unique<ServerHangs>(*servers_);
}

Duration RabbitmqFixture::hasten_gone() {
  return transport::kGoneAfter;
}

// So that the shared server stays small. What is not found here is left to its end.
void RabbitmqFixture::remove_deployment() {
  const auto options = rabbitmq::options_from(transport::parse_url(url_).value());
  const auto broker = rabbitmq::Broker::open(*options, executor_);
  const auto view = open("remover");
  if (!broker || !view) return;
  transport::Topology& topology = *(*view)->operations().topology;
  const auto topics = topology.topics();
  const auto groups = topology.groups();
  if (!topics || !groups) return;
  const rabbitmq::Names& names = (*broker)->names();
  const std::string foreign = names.foreign_letters();
  std::vector<std::string> queues{names.control(), names.queue(kNamedQueue), rabbitmq::dead_letters_of(foreign),
                                  rabbitmq::discarded_of(foreign)};
  for (const auto& made : {rabbitmq::dead_letters_of(queues[1]), rabbitmq::discarded_of(queues[1])}) {
    queues.push_back(made);
  }
  std::vector<std::string> exchanges{names.events(), names.foreign_exchange()};
  std::map<std::string, std::int32_t> partitions;
  for (const transport::TopicState& topic : *topics) {
    partitions[topic.name] = topic.partitions;
    queues.push_back(names.history(topic.name));
    exchanges.push_back(names.topic(topic.name));
  }
  for (const transport::GroupState& group : *groups) {
    const bool is_topic = !group.topic.empty();
    const std::string name =
        is_topic ? names.queue_of_topic(group.name, group.topic) : names.queue_of_pattern(group.name, group.pattern);
    for (std::string& queue : queues_of_subscription(name, is_topic ? partitions[group.topic] : kQueues)) {
      queues.push_back(std::move(queue));
    }
    exchanges.push_back(name);
    exchanges.push_back(rabbitmq::others_of(name));
  }
  (void)(*broker)->ask([&](rabbitmq::Link& link, rabbitmq::Channel channel) -> Result<void> {
    for (const std::string& queue : queues) {
      if (auto done = link.delete_queue(channel, queue); !done) return done;
    }
    for (const std::string& exchange : exchanges) {
      if (auto done = link.delete_exchange(channel, exchange); !done) return done;
    }
    return {};
  });
}

}  // namespace tidings::conformance
