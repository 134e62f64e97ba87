// Changes the number of queues of a topic's subscriptions.
//
// Which queue a key has depends on how many there are. So the queues are made anew, as another generation with names of
// its own, and events come there; what is in those of before is settled first. In steps, each of which may be done
// again:
//
//  1. The topic's fact says `next`. Members that connect from now on let events in to the next generation.
//  2. Of each subscription the next generation is made and bound, and then that of before is unbound: what is published
//     between is in both.
//  3. Members settle what is left of before, and then are stopped. Only they know what they have in hand.
//  4. The fact says that the next generation is read now, and `last`: that of before is to be removed.
//  5. What may have come there still, and retries that wait, is moved; then it is removed, and `last` with it.
//
// Wire:    docs/wire.md, "Keys and queues on RabbitMQ".
// Threads: one call at a time each. Blocks: on the server, and on Control.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tidings/transport/operator.hpp"
#include "transport/driver/registrations.hpp"
#include "transport/rabbitmq/catalog/rabbitmq_catalog.hpp"
#include "transport/rabbitmq/control/control_stream.hpp"
#include "transport/rabbitmq/publish/amqp_producer.hpp"

namespace tidings::rabbitmq {

class Repartitioning final {
 public:
  Repartitioning(std::shared_ptr<Broker> broker, std::shared_ptr<RabbitmqCatalog> catalog,
                 std::shared_ptr<transport::Registrations> registrations, std::shared_ptr<Producer> producer,
                 std::shared_ptr<ControlStream> log)
      : broker_{std::move(broker)},
        catalog_{std::move(catalog)},
        registrations_{std::move(registrations)},
        producer_{std::move(producer)},
        log_{std::move(log)} {}

  // As Topology::repartition().
  Result<transport::Repartition> run(const std::string& topic, std::int32_t partitions);

 private:
  // One that the change is about.
  struct Reader {
    std::string group;
    transport::GroupSubscription subscription;
    QueueGenerations queues;
  };
  using Readers = std::vector<Reader>;

  Result<void> check(const std::string& topic, const transport::TopicFact& fact, std::int32_t partitions) const;
  // The topic's fact as it is then.
  Result<transport::TopicFact> put(const std::string& topic, transport::TopicFact fact);
  Result<Readers> readers(const std::string& topic, const transport::TopicFact& fact);
  Result<void> open_next(const Readers& readers);
  Result<void> open_next(const Reader& reader);
  Result<std::vector<transport::RepartitionHold>> held_by(const Readers& readers);
  Result<void> remove_last(const std::string& topic, const transport::TopicFact& fact);
  Result<void> check_unread(const std::string& topic, const Reader& reader);
  Result<void> move_rest(const std::string& queue, const SubscriptionQueues& to);
  Result<void> passed(const char* point) const;

  const std::shared_ptr<Broker> broker_;
  const std::shared_ptr<RabbitmqCatalog> catalog_;
  const std::shared_ptr<transport::Registrations> registrations_;
  const std::shared_ptr<Producer> producer_;
  const std::shared_ptr<ControlStream> log_;
};

}  // namespace tidings::rabbitmq
