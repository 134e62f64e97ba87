// The topics of a deployment on RabbitMQ, and who subscribes to them.
//
// Threads: any. Blocks: as Broker, and Control.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tidings/transport/transport.hpp"
#include "transport/driver/registrations.hpp"
#include "transport/driver/topic_facts.hpp"
#include "transport/rabbitmq/topology/broker.hpp"
#include "transport/rabbitmq/topology/subscription_queue.hpp"

namespace tidings::rabbitmq {

class RabbitmqCatalog final : public transport::DeploymentView {
 public:
  // `control`: the users'; `records`: the driver's own.
  RabbitmqCatalog(std::shared_ptr<Broker> broker, std::shared_ptr<transport::Control> control,
                  std::shared_ptr<transport::Control> records)
      : broker_{std::move(broker)}, control_{std::move(control)}, facts_{std::move(records)} {}

  // Makes what is missing. conflict: it is there, and is set otherwise. unsupported: retention, which queues do not
  // have.
  Result<void> declare(const transport::Declaration& declaration);

  // The queues of a subscription, there or not: those that its members read.
  Result<SubscriptionQueues> queues(const std::string& group, const transport::GroupSubscription& subscription,
                                    const std::string& instance);
  // With those that are made, or removed, while their number is changed.
  Result<QueueGenerations> generations(const std::string& group, const transport::GroupSubscription& subscription,
                                       const std::string& instance);
  // As a fact of the subscription's topic has it. Does not block.
  QueueGenerations generations(const std::string& group, const transport::GroupSubscription& subscription,
                               const std::string& instance, const transport::TopicFact& fact) const;

  Result<void> check_names(const transport::SubscriptionSpec& spec) override;
  Result<std::optional<transport::KnownTopic>> topic(const std::string& name) override;
  Error missing(const std::string& topic) override;
  Result<std::vector<transport::KnownTopic>> topics() override;
  Result<std::set<std::string>> present(const std::string& group,
                                        const transport::GroupSubscription& subscription) override;
  transport::TopicFacts& facts() { return facts_; }
  const std::shared_ptr<transport::Control>& control() const { return control_; }  // the users'

 private:
  Result<void> declare(const transport::TopicSpec& spec);
  Result<void> publish(const transport::PublishedType& type);

  const std::shared_ptr<Broker> broker_;
  const std::shared_ptr<transport::Control> control_;
  transport::TopicFacts facts_;
};

// What shows that an instance is there: a queue that its connection consumes.
std::string member_queue(const SubscriptionQueues& queues, const std::string& instance);
Result<bool> is_member_there(Broker& broker, const SubscriptionQueues& queues, const std::string& instance,
                             Duration within = kRequestWithin);

}  // namespace tidings::rabbitmq
