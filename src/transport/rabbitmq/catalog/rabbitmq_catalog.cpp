#include "transport/rabbitmq/catalog/rabbitmq_catalog.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "transport/rabbitmq/catalog/foreign_letters.hpp"
#include "transport/rabbitmq/format/key_slots.hpp"
#include "transport/rabbitmq/link/rabbitmq_limits.hpp"
#include "transport/rabbitmq/topology/topics.hpp"

namespace tidings::rabbitmq {

using transport::GroupMember;
using transport::GroupSubscription;
using transport::KnownTopic;
using transport::PublishedType;
using transport::Sharing;
using transport::SubscriptionSpec;
using transport::TopicFact;
using transport::TopicSpec;

namespace {

constexpr std::size_t kNameEnding = 40;  // of the longest name that is made of one

Error nobody_makes(const std::string& what, const std::string& command) {
  return invalid(fmt::format(
      "{}, and `declare=no` makes nothing: an administrator does, by `{}` (docs/guides/rabbitmq-security.md, "
      "\"declare=no\")",
      what, command));
}

Result<void> check_name(const Names& names, std::string_view what, std::string_view name) {
  const std::size_t max = kNameMax / 2 - kNameEnding - std::min<std::size_t>(names.events().size(), 40);
  const auto is_taken = [](unsigned char c) { return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-'; };
  if (!name.empty() && name.size() <= max && std::ranges::all_of(name, is_taken)) return {};
  return invalid(
      fmt::format("'{}' is no name of a {}: it has 1 to {} letters, digits, '.', '_' and '-'", name, what, max));
}

}  // namespace

std::string member_queue(const SubscriptionQueues& queues, const std::string& instance) {
  return queues.name + ".member." + instance;
}

Result<bool> is_member_there(Broker& broker, const SubscriptionQueues& queues, const std::string& instance,
                             Duration within) {
  bool is_there = false;
  const auto look = [&](Link& link, Channel channel) -> Result<void> {
    const auto looked = link.look_at_queue(channel, member_queue(queues, instance));
    is_there = looked && looked->consumers > 0;
    return looked || looked.error().kind == ErrorKind::invalid ? Result<void>{} : looked.error();
  };
  const auto asked = broker.ask(look, within);
  if (!asked) return asked.error();
  return is_there;
}

Result<void> RabbitmqCatalog::declare(const transport::Declaration& declaration) {
  for (const TopicSpec& spec : declaration.topics) {
    if (auto named = check_name(broker_->names(), "topic", spec.name); !named) return named;
    if (spec.retention != transport::Retention{}) {
      return unsupported(
          fmt::format("topic '{}' is to have a retention: RabbitMQ's queues keep each event until it is "
                      "settled; leave it out",
                      spec.name));
    }
  }
  const auto declared = broker_->ask(
      [&](Link& link, Channel channel) { return declare_foreign_letters(link, channel, broker_->names()); });
  if (!declared) return declared;
  for (const TopicSpec& spec : declaration.topics) {
    if (auto done = declare(spec); !done) return done;
  }
  for (const PublishedType& type : declaration.published) {
    if (auto done = publish(type); !done) return done;
  }
  return {};
}

// Its fact first: who finds the exchange finds what it holds.
Result<void> RabbitmqCatalog::declare(const TopicSpec& spec) {
  while (true) {
    const auto there = facts_.of(spec.name);
    if (!there) return there.error();
    const auto partitions = spec.partitions.value_or(broker_->options().queues);
    if (partitions < 1 || static_cast<std::size_t>(partitions) > kKeySlots) {
      return invalid(fmt::format("topic '{}' cannot have {} partitions: 1 to {} on RabbitMQ, one queue each", spec.name,
                                 partitions, kKeySlots));
    }
    if (there->version != 0) {
      if (there->command != spec.command) {
        return conflict(fmt::format("topic '{}' holds {} already", spec.name, there->command ? "commands" : "events"));
      }
      if (spec.partitions && there->partitions != spec.partitions && there->next != spec.partitions) {
        return conflict(
            fmt::format("topic '{0}' has {1} partitions already, not {2}: `tidings topics repartition {0} {2}` changes "
                        "it; or declare it with {1}",
                        spec.name, there->partitions.value_or(1), *spec.partitions));
      }
      break;
    }
    if (broker_->options().declaring == Declaring::use) {
      return nobody_makes(fmt::format("topic '{}' is not there", spec.name),
                          fmt::format("tidings topics create {}", spec.name));
    }
    const auto put = facts_.put(spec.name, {.command = spec.command, .partitions = partitions});
    if (put) break;
    if (put.error().kind != ErrorKind::conflict) return put.error();  // others declare it, too: look again
  }
  return broker_->ask([&](Link& link, Channel channel) {
    return declare_topic(link, channel, broker_->names(), broker_->options(), spec.name);
  });
}

Result<void> RabbitmqCatalog::publish(const PublishedType& type) {
  const auto key = transport::published_key(type);
  if (!key) return key.error();
  const auto there = control_->get(*key);
  if (!there) return there.error();
  if (!*there) {
    if (broker_->options().declaring == Declaring::use) {
      return nobody_makes(fmt::format("events of type '{}' do not lead to topic '{}' yet", type.type, type.topic),
                          fmt::format("tidings topics create {} --type {}", type.topic, type.type));
    }
    if (const auto put = control_->put(*key, "", {}); !put) return put.error();
  }
  return broker_->ask(
      [&](Link& link, Channel channel) { return lead_type(link, channel, broker_->names(), type.type, type.topic); });
}

Result<SubscriptionQueues> RabbitmqCatalog::queues(const std::string& group, const GroupSubscription& subscription,
                                                   const std::string& instance) {
  auto generations = this->generations(group, subscription, instance);
  if (!generations) return generations.error();
  return std::move(generations->now);
}

Result<QueueGenerations> RabbitmqCatalog::generations(const std::string& group, const GroupSubscription& subscription,
                                                      const std::string& instance) {
  TopicFact fact;
  if (!subscription.topic.empty()) {
    auto known = facts_.of(subscription.topic);
    if (!known) return known.error();
    fact = *std::move(known);
  }
  return generations(group, subscription, instance, fact);
}

QueueGenerations RabbitmqCatalog::generations(const std::string& group, const GroupSubscription& subscription,
                                              const std::string& instance, const TopicFact& fact) const {
  const Names& names = broker_->names();
  const AmqpOptions& options = broker_->options();
  const bool is_broadcast = subscription.sharing == Sharing::broadcast;
  const bool is_named = !subscription.queue.empty();
  std::string base = subscription.topic.empty() ? names.queue_of_pattern(group, subscription.pattern)
                                                : names.queue_of_topic(group, subscription.topic);
  if (is_broadcast) base += "." + instance;
  if (is_named) base = names.queue(subscription.queue);
  const auto made = [&](std::uint32_t generation, std::int32_t count) {
    auto queues = queues_of(in_generation(base, generation), count, options.queue);
    queues.base = base;
    queues.named = is_named;
    queues.dead_exchange = names.foreign_exchange();
    queues.competing = options.order == Order::none;
    queues.message_ttl = std::chrono::duration_cast<std::chrono::milliseconds>(options.message_ttl);
    queues.expires = std::chrono::duration_cast<std::chrono::milliseconds>(options.queue_expires);
    // An instance that does not come back leaves nothing for ever.
    if (is_broadcast && queues.expires.count() == 0) queues.expires = kBroadcastExpires;
    if (fact.command) queues.commands_max = options.commands_max;
    return queues;
  };
  if (is_broadcast || is_named || options.order == Order::none) return {.now = made(0, 1), .next = {}, .last = {}};
  QueueGenerations generations{
      .now = made(fact.generation, fact.partitions.value_or(options.queues)), .next = {}, .last = {}};
  if (fact.next) generations.next = made(fact.generation + 1, *fact.next);
  if (fact.last) generations.last = made(fact.generation - 1, *fact.last);
  return generations;
}

Result<void> RabbitmqCatalog::check_names(const SubscriptionSpec& spec) {
  if (broker_->options().declaring == Declaring::use && spec.sharing == Sharing::broadcast && spec.queue.empty()) {
    return invalid(fmt::format(
        "group '{}' reads '{}' as a broadcast, and `declare=no` makes no queues: each instance has its own, "
        "which nobody can make before. Leave `declare=no` out for this service, and let its user configure "
        "what the deployment has (docs/guides/rabbitmq-security.md, \"declare=no\")",
        spec.group, spec.topic.empty() ? spec.pattern : spec.topic));
  }
  if (auto named = check_name(broker_->names(), "group", spec.group); !named) return named;
  if (!spec.topic.empty()) return check_name(broker_->names(), "topic", spec.topic);
  if (spec.pattern.size() <= kNameMax / 3) return {};
  return invalid(fmt::format("the pattern '{}' of group '{}' is too long: the most is {}", spec.pattern, spec.group,
                             kNameMax / 3));
}

Result<std::optional<KnownTopic>> RabbitmqCatalog::topic(const std::string& name) {
  const auto fact = facts_.of(name);
  if (!fact) return fact.error();
  if (fact->version == 0) return std::optional<KnownTopic>{};
  return std::optional{KnownTopic{name, fact->command}};
}

Error RabbitmqCatalog::missing(const std::string& topic) {
  return invalid(
      fmt::format("topic '{0}' is not there: create it with `tidings topics create {0}`, or declare it", topic));
}

Result<std::vector<KnownTopic>> RabbitmqCatalog::topics() {
  const auto facts = facts_.all();
  if (!facts) return facts.error();
  std::vector<KnownTopic> topics;
  for (const auto& [name, fact] : *facts) topics.push_back({name, fact.command});
  return topics;
}

Result<std::set<std::string>> RabbitmqCatalog::present(const std::string& group,
                                                       const GroupSubscription& subscription) {
  std::set<std::string> present;
  for (const GroupMember& member : subscription.members) {
    const auto queues = this->queues(group, subscription, member.instance);
    if (!queues) return queues.error();
    const auto there = is_member_there(*broker_, *queues, member.instance);
    if (!there) return there.error();
    if (*there) present.insert(member.instance);
  }
  return present;
}

}  // namespace tidings::rabbitmq
