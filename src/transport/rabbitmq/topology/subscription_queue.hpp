// The queues of a subscription: those that it reads, those where retries wait, and that of its dead letters.
//
// Threads: functions of a link; bindings_of() blocks as Control does.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "tidings/transport/transport.hpp"
#include "transport/rabbitmq/format/amqp_names.hpp"
#include "transport/rabbitmq/format/event_topics.hpp"
#include "transport/rabbitmq/link/amqp_options.hpp"
#include "transport/rabbitmq/link/link.hpp"

namespace tidings::rabbitmq {

struct SubscriptionQueues {
  std::string name;               // of all of them: what is sent there is spread by its key
  std::string base;               // of its dead letters, which stay when the queues' number is changed
  std::vector<std::string> read;  // one: `name` itself
  QueueKind kind = QueueKind::quorum;
  bool named = false;              // by others: it is as they made it, and where it is missing made as they would
  std::string dead_exchange = {};  // where what others give up goes
  bool competing = false;          // any member gets any event
  std::chrono::milliseconds message_ttl{}, expires{};  // zero: none
  std::int64_t commands_max = 0;                       // likewise

  // What is to come back to the subscription: exchange and routing key.
  std::string exchange() const { return read.size() == 1 ? "" : name; }
};

// So many, by the names that they have then.
SubscriptionQueues queues_of(std::string name, std::int32_t count, QueueKind kind);

// Those of one subscription while their number is being changed (repartition.hpp). At other times there is one.
struct QueueGenerations {
  SubscriptionQueues now;                  // that members read
  std::optional<SubscriptionQueues> next;  // where events come in already: they are read once nothing is left in `now`
  std::optional<SubscriptionQueues> last;  // that were read before, and are being removed

  const SubscriptionQueues& incoming() const { return next ? *next : now; }
  std::vector<SubscriptionQueues> all() const;
};

// Makes the one of that number where it is missing, and binds nothing. conflict: as the next.
Result<void> declare_queue(Link& link, Channel channel, const SubscriptionQueues& queues, std::size_t number);
// Makes them where they are missing, and binds them. conflict: one is there and is set
// otherwise.
Result<void> declare_queues(Link& link, Channel channel, const SubscriptionQueues& queues,
                            const std::vector<BindingSpec>& bindings);
// From then on nothing comes to them by these any more, whether it did or not.
Result<void> unbind_queues(Link& link, Channel channel, const SubscriptionQueues& queues,
                           const std::vector<BindingSpec>& bindings);
Result<void> declare_retries(Link& link, Channel channel, const SubscriptionQueues& queues,
                             std::chrono::milliseconds step);
Result<void> declare_dead_letters(Link& link, Channel channel, const SubscriptionQueues& queues);
// All of these, with those of all retries.
Result<void> declare_all(Link& link, Channel channel, const SubscriptionQueues& queues,
                         const std::vector<BindingSpec>& bindings);

// With their exchanges and those of retries, whatever is in them; not those of dead letters, nor one that others named.
Result<void> remove_queues(Link& link, Channel channel, const SubscriptionQueues& queues);

// By which events come to the subscription's queues.
Result<std::vector<BindingSpec>> bindings_of(const Names& names, const EventTopics& topics,
                                             const transport::SubscriptionSpec& spec);

}  // namespace tidings::rabbitmq
