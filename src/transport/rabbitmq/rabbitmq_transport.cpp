#include "transport/rabbitmq/rabbitmq_transport.hpp"

#include <unistd.h>

#include <array>
#include <mutex>
#include <utility>

#include "transport/driver/registrations.hpp"
#include "transport/rabbitmq/catalog/incoming_queues.hpp"
#include "transport/rabbitmq/catalog/rabbitmq_catalog.hpp"
#include "transport/rabbitmq/catalog/topic_preparation.hpp"
#include "transport/rabbitmq/consume/amqp_consumer.hpp"
#include "transport/rabbitmq/consume/queue_records.hpp"
#include "transport/rabbitmq/control/rabbitmq_control.hpp"
#include "transport/rabbitmq/format/event_topics.hpp"
#include "transport/rabbitmq/format/named_queues.hpp"
#include "transport/rabbitmq/link/rabbitmq_limits.hpp"
#include "transport/rabbitmq/operate/rabbitmq_dead_letters.hpp"
#include "transport/rabbitmq/operate/rabbitmq_history.hpp"
#include "transport/rabbitmq/operate/rabbitmq_topology.hpp"
#include "transport/rabbitmq/publish/rabbitmq_publisher.hpp"

namespace tidings::rabbitmq {

using transport::Capabilities;
using transport::GroupMember;
using transport::GroupSubscription;
using transport::PublisherOptions;
using transport::Registrations;
using transport::SubscriptionSpec;

namespace {

constexpr Duration kTakeoverGrace = std::chrono::seconds{2};

Capabilities capabilities_of(const AmqpOptions& options) {
  return {.scheme = "amqp",
          .profile = Profile::rabbitmq,
          .record_bytes_max = kRecordBytesMax,
          .time_unit = std::chrono::seconds{1},
          .stamps_time = true,
          .stable_positions = false,
          .keeps_for_later = false,
          .refuses_when_full = false,
          .named_queues = true,
          .suspect_window = static_cast<std::size_t>(options.prefetch),
          .strict_hold_max = options.strict_hold_max,
          .retry_late_max = std::chrono::seconds{1},
          .retry_late_share = 0.1,
          .takeover_max = 2 * options.heartbeat + kTakeoverGrace,
          .revoke_max = options.revoke_within,
          .discovery_max = std::chrono::seconds{1}};
}

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

GroupSubscription subscription_of(const SubscriptionSpec& spec) {
  return {.topic = spec.topic, .pattern = spec.pattern, .sharing = spec.sharing, .queue = spec.queue};
}

class RabbitmqTransport final : public transport::Transport {
 public:
  explicit RabbitmqTransport(std::shared_ptr<Broker> broker)
      : broker_{std::move(broker)},
        capabilities_{capabilities_of(broker_->options())},
        log_{std::make_shared<ControlStream>(broker_)},
        control_{std::make_shared<RabbitmqControl>(log_, ControlSpace::users)},
        records_{std::make_shared<RabbitmqControl>(log_, ControlSpace::driver)},
        catalog_{std::make_shared<RabbitmqCatalog>(broker_, control_, records_)},
        registrations_{std::make_shared<Registrations>(broker_->shared_executor(), catalog_, control_, records_)},
        named_queues_{std::make_shared<NamedQueues>(broker_->names(), records_, registrations_)},
        producer_{open_producer({.deliver_within = transport::kSettleWithin})},
        topology_{broker_, catalog_, registrations_, named_queues_, producer_, log_},
        dead_letters_{broker_, producer_, control_, [this] { return subscriptions_of(*catalog_, *registrations_); }},
        history_{broker_, producer_, catalog_, registrations_} {}

  const Capabilities& capabilities() const override { return capabilities_; }
  Result<void> declare(const transport::Declaration& declaration) override { return catalog_->declare(declaration); }
  Result<std::unique_ptr<transport::Publisher>> publisher(const PublisherOptions& options) override {
    return make_publisher(broker_, open_producer(options));
  }
  Result<std::unique_ptr<transport::Consumer>> consumer(const SubscriptionSpec& spec) override;
  transport::Control& control() override { return *control_; }
  transport::Operator operations() override {
    return {.topology = &topology_, .dead_letters = &dead_letters_, .history = &history_};
  }
  Result<void> check(Time deadline) override { return broker_->check(deadline); }

 private:
  std::shared_ptr<Producer> open_producer(const PublisherOptions& options) const {
    auto look = [catalog = catalog_](const std::string& topic) { return catalog->topic(topic); };
    return Producer::open(broker_->shared_executor(), broker_->options(), options,
                          std::make_unique<TopicPreparation>(broker_->options(), std::move(look)));
  }
  Result<ConsumerSpec> consumer_spec(const SubscriptionSpec& spec, const GroupMember& member) const;
  void forget_gone(const SubscriptionSpec& spec) const;

  const std::shared_ptr<Broker> broker_;
  const Capabilities capabilities_;
  const std::shared_ptr<ControlStream> log_;
  const std::shared_ptr<RabbitmqControl> control_;
  const std::shared_ptr<RabbitmqControl> records_;
  const std::shared_ptr<RabbitmqCatalog> catalog_;
  const std::shared_ptr<Registrations> registrations_;
  const std::shared_ptr<NamedQueues> named_queues_;
  const std::shared_ptr<Producer> producer_;  // of what settlements publish
  RabbitmqTopology topology_;
  RabbitmqDeadLetters dead_letters_;
  RabbitmqHistory history_;
};

Result<ConsumerSpec> RabbitmqTransport::consumer_spec(const SubscriptionSpec& spec, const GroupMember& member) const {
  const GroupSubscription subscription = subscription_of(spec);
  auto generations = catalog_->generations(spec.group, subscription, spec.instance);
  if (!generations) return generations.error();
  ConsumerSpec consumer{.subscription = spec,
                        .name = subscription.name(),
                        .queues = generations->now,
                        .bindings = {},
                        .incoming = {},
                        .log = log_,
                        .trials = {},
                        .host = member.host,
                        .pid = member.pid,
                        .topics = std::make_shared<EventTopics>(broker_->shared_executor(), control_)};
  consumer.incoming = [incoming = std::make_shared<IncomingQueues>(
                           log_, spec.topic, *std::move(generations),
                           [catalog = catalog_, spec, subscription](const transport::TopicFact& fact) {
                             return catalog->generations(spec.group, subscription, spec.instance, fact);
                           })] { return incoming->now(); };
  consumer.trials = std::make_shared<Trials>(log_, consumer.queues.name);
  consumer.board_of = [deployment = broker_->options().deployment(), name = consumer.queues.name](
                          const std::string& instance) { return transport::board_path(deployment, name, instance); };
  auto bindings = bindings_of(broker_->names(), *consumer.topics, spec);
  if (!bindings) return bindings.error();
  consumer.bindings = *std::move(bindings);
  return consumer;
}

// Of instances of a broadcast. What it cannot erase, who joins next does.
void RabbitmqTransport::forget_gone(const SubscriptionSpec& spec) const {
  if (spec.sharing != transport::Sharing::broadcast || !spec.queue.empty()) return;
  const auto queues = catalog_->queues(spec.group, subscription_of(spec), "");
  if (queues) (void)forget_gone_instances(*broker_, *log_, *queues);
}

Result<std::unique_ptr<transport::Consumer>> RabbitmqTransport::consumer(const SubscriptionSpec& given) {
  SubscriptionSpec spec = given;
  if (spec.instance.empty()) spec.instance = "member-" + std::to_string(broker_->executor().random());
  const GroupMember member{
      .instance = spec.instance, .host = host_name(), .pid = ::getpid(), .joined = broker_->executor().now()};
  if (auto claimed = named_queues_->claim(spec); !claimed) return claimed.error();
  const auto announce = [registrations = registrations_, spec, member] { return registrations->join(spec, member); };
  // While the server takes no messages, what waits there is consumed all the same: that may free it.
  const auto announced = announce();
  const bool is_blocked = !announced && announced.error().kind == ErrorKind::unavailable && log_->is_blocked();
  if (!announced && (!is_blocked || broker_->options().order == Order::none)) return announced.error();
  const auto left = [registrations = registrations_, spec, member] { (void)registrations->leave(spec, member); };
  auto of_consumer = consumer_spec(spec, member);
  if (!of_consumer) return of_consumer.error();
  of_consumer->left = left;
  if (!announced) of_consumer->announce = announce;
  auto consumer = AmqpConsumer::join(broker_, producer_, *std::move(of_consumer));
  if (!consumer) left();
  if (consumer) forget_gone(spec);
  return consumer;
}

}  // namespace

Result<std::unique_ptr<transport::Transport>> open_rabbitmq(const transport::Url& url,
                                                            std::shared_ptr<Executor> executor) {
  auto options = options_from(url);
  if (!options) return options.error();
  auto broker = Broker::open(*std::move(options), std::move(executor));
  if (!broker) return broker.error();
  return std::make_unique<RabbitmqTransport>(*std::move(broker));
}

Result<transport::Place> examine_rabbitmq(const transport::Url& url) {
  if (auto options = options_from(url); !options) return options.error();
  return transport::Place{.reach = transport::Reach::network};
}

}  // namespace tidings::rabbitmq
