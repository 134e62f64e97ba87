// Topology on RabbitMQ: what is declared, who reads it, and how many events wait.
//
// Threads: any. Blocks: on the server.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "tidings/transport/operator.hpp"
#include "transport/driver/registrations.hpp"
#include "transport/rabbitmq/catalog/rabbitmq_catalog.hpp"
#include "transport/rabbitmq/consume/amqp_holdings.hpp"
#include "transport/rabbitmq/consume/share_records.hpp"
#include "transport/rabbitmq/control/control_stream.hpp"
#include "transport/rabbitmq/format/named_queues.hpp"
#include "transport/rabbitmq/operate/rabbitmq_dead_letters.hpp"
#include "transport/rabbitmq/publish/amqp_producer.hpp"
#include "transport/rabbitmq/topology/broker.hpp"

namespace tidings::rabbitmq {

// All of a deployment.
Result<std::vector<KnownSubscription>> subscriptions_of(RabbitmqCatalog& catalog,
                                                        transport::Registrations& registrations);

class RabbitmqTopology final : public transport::Topology {
 public:
  RabbitmqTopology(std::shared_ptr<Broker> broker, std::shared_ptr<RabbitmqCatalog> catalog,
                   std::shared_ptr<transport::Registrations> registrations, std::shared_ptr<NamedQueues> named_queues,
                   std::shared_ptr<Producer> producer, std::shared_ptr<ControlStream> log)
      : broker_{std::move(broker)},
        catalog_{std::move(catalog)},
        registrations_{std::move(registrations)},
        named_queues_{std::move(named_queues)},
        producer_{std::move(producer)},
        log_{std::move(log)} {}

  Result<std::vector<transport::TopicState>> topics() override;
  Result<std::vector<transport::GroupState>> groups() override;
  Result<std::vector<transport::LagState>> lag() override;
  Result<std::vector<transport::Concern>> concerns() override;  // rabbitmq_concerns.cpp
  Result<void> create_topic(const transport::TopicSpec& topic, std::optional<std::int32_t> replication) override;
  Result<void> create_group(const transport::SubscriptionSpec& subscription) override;  // rabbitmq_concerns.cpp
  Result<transport::Repartition> repartition(std::string_view topic, std::int32_t partitions) override;
  Result<void> remove_group(std::string_view group) override;

 private:
  Result<ShareRecords> share_of(const SubscriptionQueues& queues);
  // Of the subscription's queues, those that an instance has.
  Result<std::int32_t> partitions_of(const std::string& group, const transport::GroupSubscription& subscription,
                                     const std::string& instance);
  Result<transport::LagState> lag_of(const KnownSubscription& subscription);
  Result<transport::LagState> lag_now(const KnownSubscription& subscription);
  Result<std::vector<QueueGenerations>> all_queues(const std::string& group,
                                                   const transport::GroupSubscription& subscription);
  Result<void> remove_queues(const QueueGenerations& queues);
  Result<void> add_lag(transport::LagState& state, const SubscriptionQueues& queues,
                       const std::vector<std::string>& instances);
  Result<std::optional<Time>> oldest(const SubscriptionQueues& queues, const Holdings& held);

  const std::shared_ptr<Broker> broker_;
  const std::shared_ptr<RabbitmqCatalog> catalog_;
  const std::shared_ptr<transport::Registrations> registrations_;
  const std::shared_ptr<NamedQueues> named_queues_;
  const std::shared_ptr<Producer> producer_;
  const std::shared_ptr<ControlStream> log_;
};

}  // namespace tidings::rabbitmq
