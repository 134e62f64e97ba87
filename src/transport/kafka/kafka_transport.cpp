#include "transport/kafka/kafka_transport.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "tidings/uuid.hpp"
#include "transport/kafka/admin/join_check.hpp"
#include "transport/kafka/admin/own_topics.hpp"
#include "transport/kafka/client/kafka_limits.hpp"
#include "transport/kafka/consume/kafka_consumer.hpp"
#include "transport/kafka/control/kafka_control.hpp"
#include "transport/kafka/format/retry_ladder.hpp"
#include "transport/kafka/operate/kafka_history.hpp"
#include "transport/kafka/operate/kafka_topology.hpp"
#include "transport/kafka/publish/kafka_publisher.hpp"

namespace tidings::kafka {

using transport::Capabilities;
using transport::SubscriptionSpec;

namespace {

constexpr Duration kTakeoverGrace = std::chrono::seconds{2};  // beyond the session's end

Capabilities capabilities_of(const KafkaOptions& options) {
  return {.scheme = "kafka",
          .record_bytes_max = kRecordBytesMax,
          .time_unit = std::chrono::milliseconds{1},
          .stamps_time = true,
          .transactional = options.transactional,
          .keeps_unsettled = false,
          .refuses_when_full = false,
          .running_board = false,
          .suspect_window = options.suspect_window,
          .retry_late_max = std::chrono::seconds{1},
          .retry_late_share = 0.05,
          .takeover_max = options.session_timeout + kTakeoverGrace,
          .revoke_max = options.revoke_within,
          .discovery_max = std::chrono::seconds{10}};
}

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

// Of the subscription: who is a member, and who died as one.
std::vector<std::string> instances_of(Registrations& registrations, const SubscriptionSpec& spec) {
  std::vector<std::string> instances;
  const auto record = registrations.group(spec.group);
  if (!record) return instances;
  for (const GroupSubscription& subscription : record->subscriptions) {
    if (!subscription.is_of(spec)) continue;
    for (const GroupMember& member : subscription.members) {
      if (std::ranges::find(instances, member.instance) == instances.end()) instances.push_back(member.instance);
    }
  }
  return instances;
}

class KafkaTransport final : public transport::Transport {
 public:
  explicit KafkaTransport(std::shared_ptr<Cluster> cluster)
      : cluster_{std::move(cluster)},
        capabilities_{capabilities_of(cluster_->options())},
        log_{std::make_shared<ControlLog>(cluster_)},
        catalog_{std::make_shared<Catalog>(cluster_, log_)},
        registrations_{make_registrations(cluster_, log_)},
        control_{log_, ControlSpace::users},
        dead_letters_{std::make_shared<KafkaDeadLetters>(cluster_, registrations_)},
        expired_{std::make_shared<ExpiredCounts>(log_)},
        topology_{cluster_, catalog_, registrations_, dead_letters_, expired_},
        history_{cluster_, registrations_} {}

  const Capabilities& capabilities() const override { return capabilities_; }
  Result<void> declare(const transport::Declaration& declaration) override { return catalog_->declare(declaration); }
  Result<std::unique_ptr<transport::Publisher>> publisher(const transport::PublisherOptions& options) override {
    return make_publisher(cluster_, options);
  }
  Result<std::unique_ptr<transport::Consumer>> consumer(const SubscriptionSpec& spec) override;
  transport::Control& control() override { return control_; }
  transport::Operator operations() override {
    return {.topology = &topology_, .dead_letters = dead_letters_.get(), .history = &history_};
  }
  Result<void> check(Time deadline) override { return cluster_->check(deadline); }

 private:
  Result<std::shared_ptr<Producer>> producer();
  Result<std::unique_ptr<transport::Consumer>> join(std::shared_ptr<Producer> sender, const SubscriptionSpec& spec,
                                                    MemberSpec member, ConsumerPorts ports) const;
  MemberSpec member_of(const SubscriptionSpec& spec, const GroupMember& member) const;
  std::shared_ptr<transport::InstanceBoard> board_of(const SubscriptionSpec& spec, const MemberClient::Who& who) const;

  const std::shared_ptr<Cluster> cluster_;
  const Capabilities capabilities_;
  const std::shared_ptr<ControlLog> log_;
  const std::shared_ptr<Catalog> catalog_;
  const std::shared_ptr<Registrations> registrations_;
  KafkaControl control_;
  const std::shared_ptr<KafkaDeadLetters> dead_letters_;
  const std::shared_ptr<ExpiredCounts> expired_;
  KafkaTopology topology_;
  KafkaHistory history_;
  std::mutex mutex_;
  std::shared_ptr<Producer> producer_;  // of what settlements publish
};

Result<std::unique_ptr<transport::Consumer>> KafkaTransport::consumer(const SubscriptionSpec& given) {
  SubscriptionSpec spec = given;
  if (spec.instance.empty()) spec.instance = "member-" + std::to_string(cluster_->executor().random());
  auto sender = producer();
  if (!sender) return sender.error();
  const GroupMember member{
      .instance = spec.instance, .host = host_name(), .pid = ::getpid(), .joined = cluster_->executor().now()};
  if (auto joined = registrations_->join(spec, member); !joined) return joined.error();
  const std::string retries = cluster_->names().retry(spec.group, spec.topic.empty() ? spec.pattern : spec.topic);
  ConsumerPorts ports{
      .has_retries =
          [cluster = cluster_, retries] {
            return cluster->has_topic(retries, cluster->executor().now() + kLookWithin).value_or(false);
          },
      .left = [registrations = registrations_, spec, member] { (void)registrations->leave(spec, member); }};
  auto consumer = join(*sender, spec, member_of(spec, member), std::move(ports));
  if (!consumer) (void)registrations_->leave(spec, member);
  return consumer;
}

// Only who comes back under the same name finds it.
std::shared_ptr<transport::InstanceBoard> KafkaTransport::board_of(const SubscriptionSpec& spec,
                                                                   const MemberClient::Who& who) const {
  if (who.static_id.empty()) return nullptr;
  return transport::InstanceBoard::take_over(
      transport::board_path(cluster_->options().brokers, who.group_id, who.static_id),
      cluster_->executor().random() | 1, spec.running_max, spec.running_max);
}

Result<std::unique_ptr<transport::Consumer>> KafkaTransport::join(std::shared_ptr<Producer> sender,
                                                                  const SubscriptionSpec& spec, MemberSpec member,
                                                                  ConsumerPorts ports) const {
  const auto topics = member.topics();
  if (!topics) return topics.error();
  if (auto may = check_rights_to_join(*cluster_, member.who.group_id, *topics); !may) return may.error();
  return KafkaConsumer::join(cluster_, std::move(sender), spec, std::move(member), std::move(ports));
}

MemberSpec KafkaTransport::member_of(const SubscriptionSpec& spec, const GroupMember& member) const {
  const GroupSubscription subscription{.topic = spec.topic, .pattern = spec.pattern, .sharing = spec.sharing};
  MemberClient::Who who{.group_id = group_on_cluster(cluster_->names(), spec.group, subscription, spec.instance),
                        .instance = spec.instance,
                        .static_id = {}};
  if (spec.instance_is_stable) who.static_id = subscription.name() + "." + spec.instance;
  const auto board = board_of(spec, who);
  return {
      .who = who,
      .subscriber = {.group = spec.group, .subscription = subscription.name(), .host = member.host, .pid = member.pid},
      .start = spec.start,
      .transactional = cluster_->options().transactional,
      .topics = [cluster = cluster_, registrations = registrations_, spec]() -> Result<std::set<std::string>> {
        const auto read = registrations->topics_read(spec);
        if (!read) return read.error();
        std::set<std::string> topics;
        for (const std::string& topic : *read) topics.insert(cluster->names().on_cluster(topic));
        return topics;
      },
      .peers = [registrations = registrations_, spec] { return instances_of(*registrations, spec); },
      .ensure_topic =
          [cluster = cluster_](const std::string& topic) {
            return ensure_own_topic(*cluster, topic, cluster->executor().now() + kTopicMadeWithin);
          },
      // Where it cannot be counted, it was said all the same.
      .expired = [expired = expired_, group = spec.group](
                     const std::string& topic, std::uint64_t count) { (void)expired->add(group, topic, count); },
      // Who is not seen by others for a while is seen when it joins the next time.
      .returned = [registrations = registrations_, spec, member] { (void)registrations->join(spec, member); },
      .board = board,
      .life = board != nullptr ? board->id() : cluster_->executor().random() | 1};
}

Result<std::shared_ptr<Producer>> KafkaTransport::producer() {
  const std::lock_guard lock{mutex_};
  if (producer_ == nullptr) {
    auto opened = Producer::open(cluster_, {.deliver_within = transport::kSettleWithin});
    if (!opened) return opened.error();
    producer_ = *std::move(opened);
  }
  return producer_;
}

}  // namespace

Result<std::unique_ptr<transport::Transport>> open_kafka(const transport::Url& url,
                                                         std::shared_ptr<Executor> executor) {
  auto options = options_from(url);
  if (!options) return options.error();
  auto cluster = Cluster::open(*std::move(options), std::move(executor));
  if (!cluster) return cluster.error();
  return std::make_unique<KafkaTransport>(*std::move(cluster));
}

Result<transport::Place> examine_kafka(const transport::Url& url) {
  if (auto options = options_from(url); !options) return options.error();
  return transport::Place{.reach = transport::Reach::network};
}

}  // namespace tidings::kafka
