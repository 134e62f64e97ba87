#include "transport/rabbitmq/topology/subscription_queue.hpp"

#include <set>

#include "transport/rabbitmq/format/amqp_names.hpp"
#include "transport/rabbitmq/format/amqp_retry_ladder.hpp"
#include "transport/rabbitmq/format/key_slots.hpp"

namespace tidings::rabbitmq {

namespace {

constexpr std::int64_t kDeliveriesMax = 1'000'000'000;  // of a message, by a quorum queue, before it would drop it
constexpr const char* kForeignDeathKey = "dead.letter";
constexpr std::chrono::milliseconds kDiscardedKept = std::chrono::hours{24 * 7};

Arguments arguments_of(QueueKind kind) {
  if (kind == QueueKind::classic) return {};
  return {{"x-queue-type", "quorum"}, {"x-delivery-limit", kDeliveriesMax}};
}

Arguments arguments_of(const SubscriptionQueues& queues) {
  Arguments arguments = arguments_of(queues.kind);
  if (!queues.competing) arguments.push_back({"x-single-active-consumer", true});
  if (queues.expires.count() > 0) arguments.push_back({"x-expires", std::int64_t{queues.expires.count()}});
  if (queues.commands_max > 0) arguments.push_back({"x-max-length", queues.commands_max});
  const bool is_kept = queues.message_ttl.count() > 0 && queues.kind == QueueKind::quorum;
  if (queues.message_ttl.count() > 0) arguments.push_back({"x-message-ttl", std::int64_t{queues.message_ttl.count()}});
  // What expires is not lost: it is shown with the dead letters of others.
  if (is_kept) {
    arguments.push_back({"x-dead-letter-exchange", queues.dead_exchange});
    arguments.push_back({"x-dead-letter-routing-key", std::string{kForeignDeathKey}});
    arguments.push_back({"x-dead-letter-strategy", "at-least-once"});
  }
  if (is_kept || queues.commands_max > 0) arguments.push_back({"x-overflow", "reject-publish"});
  return arguments;
}

// As the article's services declare it: whoever of them comes later finds what it expects.
Result<void> declare_named(Link& link, Channel channel, const SubscriptionQueues& queues) {
  const auto there = link.look_at_queue(channel, queues.name);
  if (there) return {};
  if (there.error().kind != ErrorKind::invalid) return there.error();
  if (auto opened = link.open_channel(channel); !opened) return opened;  // who refuses closes it
  const QueueSpec queue{
      .name = queues.name,
      .arguments = {{"x-dead-letter-exchange", queues.dead_exchange}, {"x-dead-letter-routing-key", kForeignDeathKey}}};
  const auto declared = link.declare(channel, queue);
  return declared ? Result<void>{} : declared.error();
}

// What says no slot goes to the first queue.
Result<void> spread(Link& link, Channel channel, const SubscriptionQueues& queues) {
  const std::string others = others_of(queues.name);
  if (auto done = link.declare(channel, ExchangeSpec{.name = others, .type = "fanout"}); !done) return done;
  if (auto done = link.bind_queue(channel, {.from = others, .to = queues.read.front()}); !done) return done;
  const ExchangeSpec exchange{.name = queues.name, .type = "headers", .arguments = {{"alternate-exchange", others}}};
  if (auto done = link.declare(channel, exchange); !done) return done;
  for (std::size_t i = 0; i < queues.read.size(); ++i) {
    const BindingSpec binding{
        .from = queues.name, .to = queues.read[i], .key = {}, .arguments = slots_of_queue(i, queues.read.size())};
    if (auto done = link.bind_queue(channel, binding); !done) return done;
  }
  return {};
}

}  // namespace

SubscriptionQueues queues_of(std::string name, std::int32_t count, QueueKind kind) {
  SubscriptionQueues queues{.name = std::move(name), .base = {}, .read = {}, .kind = kind};
  queues.base = queues.name;
  if (count == 1) queues.read.push_back(queues.name);
  for (std::int32_t i = 0; count > 1 && i < count; ++i) queues.read.push_back(queues.name + "." + std::to_string(i));
  return queues;
}

std::vector<SubscriptionQueues> QueueGenerations::all() const {
  std::vector<SubscriptionQueues> all{now};
  if (next) all.push_back(*next);
  if (last) all.push_back(*last);
  return all;
}

Result<void> declare_queue(Link& link, Channel channel, const SubscriptionQueues& queues, std::size_t number) {
  if (queues.named) return declare_named(link, channel, queues);
  const QueueSpec queue{.name = queues.read.at(number), .arguments = arguments_of(queues)};
  if (auto done = link.declare(channel, queue); !done) return done.error();
  return {};
}

Result<void> declare_queues(Link& link, Channel channel, const SubscriptionQueues& queues,
                            const std::vector<BindingSpec>& bindings) {
  for (std::size_t i = 0; i < queues.read.size(); ++i) {
    if (auto done = declare_queue(link, channel, queues, i); !done) return done;
  }
  const bool is_spread = queues.read.size() > 1;
  if (is_spread) {
    if (auto done = spread(link, channel, queues); !done) return done;
  }
  for (BindingSpec binding : bindings) {
    binding.to = queues.name;
    auto done = is_spread ? link.bind_exchange(channel, binding) : link.bind_queue(channel, binding);
    if (!done) return done;
  }
  return {};
}

Result<void> unbind_queues(Link& link, Channel channel, const SubscriptionQueues& queues,
                           const std::vector<BindingSpec>& bindings) {
  const bool is_spread = queues.read.size() > 1;
  for (BindingSpec binding : bindings) {
    binding.to = queues.name;
    auto done = is_spread ? link.unbind_exchange(channel, binding) : link.unbind_queue(channel, binding);
    if (!done) return done;
  }
  return {};
}

// What expires goes back confirmed, so that a server that dies meanwhile loses none.
Result<void> declare_retries(Link& link, Channel channel, const SubscriptionQueues& queues,
                             std::chrono::milliseconds step) {
  QueueSpec queue{.name = retries_of(queues.name, step.count()), .arguments = arguments_of(queues.kind)};
  queue.arguments.push_back({"x-message-ttl", std::int64_t{step.count()}});
  queue.arguments.push_back({"x-dead-letter-exchange", queues.exchange()});
  queue.arguments.push_back({"x-dead-letter-routing-key", queues.name});
  if (queues.kind == QueueKind::quorum) {
    queue.arguments.push_back({"x-dead-letter-strategy", "at-least-once"});
    queue.arguments.push_back({"x-overflow", "reject-publish"});
  }
  if (auto done = link.declare(channel, queue); !done) return done.error();
  return {};
}

Result<void> declare_dead_letters(Link& link, Channel channel, const SubscriptionQueues& queues) {
  QueueSpec queue{.name = dead_letters_of(queues.base), .arguments = arguments_of(queues.kind)};
  queue.arguments.push_back({"x-single-active-consumer", true});  // one looks at them at a time
  if (auto done = link.declare(channel, queue); !done) return done.error();
  QueueSpec discarded{.name = discarded_of(queues.base), .arguments = arguments_of(queues.kind)};
  discarded.arguments.push_back({"x-message-ttl", std::int64_t{kDiscardedKept.count()}});
  if (auto done = link.declare(channel, discarded); !done) return done.error();
  return {};
}

Result<void> declare_all(Link& link, Channel channel, const SubscriptionQueues& queues,
                         const std::vector<BindingSpec>& bindings) {
  if (auto done = declare_queues(link, channel, queues, bindings); !done) return done;
  if (auto done = declare_dead_letters(link, channel, queues); !done) return done;
  for (const auto step : kRetrySteps) {
    if (auto done = declare_retries(link, channel, queues, step); !done) return done;
  }
  return {};
}

Result<void> remove_queues(Link& link, Channel channel, const SubscriptionQueues& queues) {
  std::vector<std::string> all;
  if (!queues.named) all = queues.read;  // others may read that one
  for (const auto step : kRetrySteps) all.push_back(retries_of(queues.name, step.count()));
  for (const std::string& queue : all) {
    if (auto done = link.delete_queue(channel, queue); !done) return done;
  }
  if (queues.read.size() == 1) return {};
  if (auto done = link.delete_exchange(channel, queues.name); !done) return done;
  return link.delete_exchange(channel, others_of(queues.name));
}

Result<std::vector<BindingSpec>> bindings_of(const Names& names, const EventTopics& topics,
                                             const transport::SubscriptionSpec& spec) {
  std::vector<BindingSpec> bindings;
  if (!spec.topic.empty()) bindings.push_back({.from = names.topic(spec.topic), .to = {}});
  if (!spec.pattern.empty()) {
    const auto unsplit = topics.unsplit_keys(spec.pattern);
    if (!unsplit) return unsplit.error();
    std::set<std::string> keys{unsplit->begin(), unsplit->end()};
    for (std::string& key : pattern_keys(spec.pattern)) keys.insert(std::move(key));
    for (const std::string& key : keys) bindings.push_back({.from = names.events(), .to = {}, .key = key});
  }
  if (!spec.queue.empty()) return bindings;  // others read that queue, too: nothing but what they expect goes there
  for (const std::string& topic : spec.extra_topics) bindings.push_back({.from = names.topic(topic), .to = {}});
  return bindings;
}

}  // namespace tidings::rabbitmq
