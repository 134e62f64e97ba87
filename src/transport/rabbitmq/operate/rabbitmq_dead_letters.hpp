// DeadLetters on RabbitMQ: each subscription's are in a queue of their own, where they stay until they are replayed or
// discarded.
//
// Threads: any. Blocks: on the server.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tidings/transport/operator.hpp"
#include "transport/rabbitmq/format/message.hpp"
#include "transport/rabbitmq/publish/amqp_producer.hpp"
#include "transport/rabbitmq/topology/broker.hpp"
#include "transport/rabbitmq/topology/subscription_queue.hpp"

namespace tidings::rabbitmq {

// A subscription as operators see it.
struct KnownSubscription {
  std::string group;
  std::string name;  // topic or pattern
  QueueGenerations queues;
  std::vector<std::string> topics = {};     // that it reads now
  std::vector<std::string> instances = {};  // of its members, there or not

  bool is_foreign() const { return group.empty(); }  // dead letters of services that are not ours
};
using Subscriptions = std::function<Result<std::vector<KnownSubscription>>()>;

class RabbitmqDeadLetters final : public transport::DeadLetters {
 public:
  // `control`: the users'.
  RabbitmqDeadLetters(std::shared_ptr<Broker> broker, std::shared_ptr<Producer> producer,
                      std::shared_ptr<transport::Control> control, Subscriptions subscriptions)
      : broker_{std::move(broker)},
        producer_{std::move(producer)},
        control_{std::move(control)},
        subscriptions_{std::move(subscriptions)} {}

  Result<std::vector<transport::DeadLetter>> browse(const transport::DeadFilter& filter, std::string_view after,
                                                    std::size_t limit) override;
  Result<std::optional<transport::DeadLetter>> show(std::string_view id) override;
  using transport::DeadLetters::discard;
  using transport::DeadLetters::replay;
  std::vector<Result<bool>> replay(std::span<const std::string> ids) override;
  std::vector<Result<bool>> discard(std::span<const std::string> ids) override;

 private:
  using Letters = std::map<std::string, transport::DeadLetter, std::less<>>;  // by id
  enum class Fate { replayed, discarded };
  struct Wanted {
    bool closed = false;
    std::optional<Error> refused;
  };
  using AllWanted = std::map<std::string, Wanted>;  // by id

  // And last those that are none of ours.
  Result<std::vector<KnownSubscription>> subscriptions() const;
  std::vector<Result<bool>> close(std::span<const std::string> ids, Fate fate);
  Result<void> close_in(const KnownSubscription& subscription, AllWanted& wanted, Fate fate);
  Result<void> close_one(Link& link, const KnownSubscription& subscription, const Message& message, Fate fate);
  Result<Outgoing> fate_of(const KnownSubscription& subscription, const Message& message, Fate fate) const;

  const std::shared_ptr<Broker> broker_;
  const std::shared_ptr<Producer> producer_;
  const std::shared_ptr<transport::Control> control_;
  const Subscriptions subscriptions_;
};

}  // namespace tidings::rabbitmq
