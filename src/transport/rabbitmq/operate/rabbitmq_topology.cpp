#include "transport/rabbitmq/operate/rabbitmq_topology.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "transport/rabbitmq/consume/amqp_holdings.hpp"
#include "transport/rabbitmq/consume/queue_records.hpp"
#include "transport/rabbitmq/consume/share_records.hpp"
#include "transport/rabbitmq/consume/trials.hpp"
#include "transport/rabbitmq/consume/unsettled_count.hpp"
#include "transport/rabbitmq/format/amqp_names.hpp"
#include "transport/rabbitmq/format/amqp_retry_ladder.hpp"
#include "transport/rabbitmq/link/rabbitmq_limits.hpp"
#include "transport/rabbitmq/operate/queue_reader.hpp"
#include "transport/rabbitmq/operate/repartition.hpp"
#include "transport/rabbitmq/topology/stream_end.hpp"
#include "transport/rabbitmq/topology/topics.hpp"

namespace tidings::rabbitmq {

using transport::GroupMember;
using transport::GroupRecord;
using transport::GroupState;
using transport::GroupSubscription;
using transport::LagState;
using transport::TopicState;

Result<std::vector<KnownSubscription>> subscriptions_of(RabbitmqCatalog& catalog,
                                                        transport::Registrations& registrations) {
  const auto groups = registrations.groups();
  if (!groups) return groups.error();
  std::vector<KnownSubscription> known;
  for (const GroupRecord& group : *groups) {
    for (const GroupSubscription& subscription : group.subscriptions) {
      // A broadcast has queues of its own for each member.
      const auto read = registrations.topics_read(transport::spec_of(group.group, subscription));
      if (!read) return read.error();
      std::set<std::string> names;
      std::vector<std::string> instances{""};
      if (subscription.sharing == transport::Sharing::broadcast) {
        instances.clear();
        for (const GroupMember& member : subscription.members) instances.push_back(member.instance);
      }
      for (const std::string& instance : instances) {
        auto queues = catalog.generations(group.group, subscription, instance);
        if (!queues) return queues.error();
        if (names.insert(queues->now.name).second) {
          KnownSubscription one{.group = group.group,
                                .name = subscription.name(),
                                .queues = *std::move(queues),
                                .topics = {read->begin(), read->end()}};
          for (const GroupMember& member : subscription.members) one.instances.push_back(member.instance);
          known.push_back(std::move(one));
        }
      }
    }
  }
  return known;
}

Result<std::vector<TopicState>> RabbitmqTopology::topics() {
  const auto facts = catalog_->facts().all();
  if (!facts) return facts.error();
  std::vector<TopicState> topics;
  for (const auto& [name, fact] : *facts) {
    Result<StreamFacts> kept = StreamFacts{};
    if (broker_->options().history > Duration::zero()) {
      kept = facts_of_stream(broker_, history_of(broker_->names(), name, broker_->options()));
    }
    if (!kept) return kept.error();
    topics.push_back({.name = name,
                      .command = fact.command,
                      .partitions = fact.partitions.value_or(1),
                      .records = kept->records,
                      .bytes = kept->bytes,
                      .oldest = kept->oldest,
                      .retention = {}});
  }
  return topics;
}

Result<std::vector<GroupState>> RabbitmqTopology::groups() {
  const auto groups = registrations_->groups();
  if (!groups) return groups.error();
  std::vector<GroupState> states;
  for (const GroupRecord& group : *groups) {
    for (const GroupSubscription& subscription : group.subscriptions) {
      const auto read = registrations_->topics_read(transport::spec_of(group.group, subscription));
      const auto live = registrations_->living(group.group, subscription);
      if (!read || !live) return read ? live.error() : read.error();
      GroupState state{.name = group.group,
                       .topic = subscription.topic,
                       .pattern = subscription.pattern,
                       .topics = {read->begin(), read->end()},
                       .members = {}};
      for (const GroupMember& member : *live) {
        const auto has = partitions_of(group.group, subscription, member.instance);
        if (!has) return has.error();
        state.members.push_back(
            {.instance = member.instance, .host = member.host, .pid = member.pid, .partitions = *has});
      }
      states.push_back(std::move(state));
    }
  }
  return states;
}

Result<ShareRecords> RabbitmqTopology::share_of(const SubscriptionQueues& queues) {
  const auto records = log_->list(ControlSpace::driver, share_prefix(queues.name));
  if (!records) return records.error();
  return share_records(queues.name, queues.read.size(), *records);
}

Result<std::int32_t> RabbitmqTopology::partitions_of(const std::string& group, const GroupSubscription& subscription,
                                                     const std::string& instance) {
  const auto queues = catalog_->queues(group, subscription, instance);
  if (!queues) return queues.error();
  const auto share = share_of(*queues);
  if (!share) return share.error();
  const auto has = [&](const QueueRecord& queue) { return queue.held && queue.instance == instance; };
  return static_cast<std::int32_t>(std::ranges::count_if(share->queues, has));
}

Result<std::vector<LagState>> RabbitmqTopology::lag() {
  const auto subscriptions = subscriptions_of(*catalog_, *registrations_);
  if (!subscriptions) return subscriptions.error();
  std::vector<LagState> states;
  for (const KnownSubscription& subscription : *subscriptions) {
    auto state = lag_of(subscription);
    if (!state) return state.error();
    states.push_back(*std::move(state));
    // What a pattern reads is in one queue: all of it is told of the first topic.
    for (std::size_t i = 1; i < subscription.topics.size(); ++i) {
      states.push_back({.group = subscription.group, .topic = subscription.topics[i]});
    }
  }
  return states;
}

// What is on its way from one queue to another is in none: that nothing is there has to be seen twice.
Result<LagState> RabbitmqTopology::lag_of(const KnownSubscription& subscription) {
  auto state = lag_now(subscription);
  if (!state || state->unsettled > 0) return state;
  broker_->executor().sleep_until(broker_->executor().now() + kPassWithin);
  return lag_now(subscription);
}

// Of those that are unsettled. Who has a queue has its first events.
Result<std::optional<Time>> RabbitmqTopology::oldest(const SubscriptionQueues& queues, const Holdings& held) {
  const auto share = share_of(queues);
  if (!share) return share.error();
  std::optional<Time> oldest;
  for (std::size_t number = 0; number < queues.read.size(); ++number) {
    std::optional<Time> first = held.at(queues.read[number]).oldest;
    if (!first) {
      const auto own = static_cast<std::uint16_t>(broker_->options().prefetch);
      const auto prefetch = std::max(own, share->queues[number].prefetch);
      const auto asked = broker_->ask([&](Link& link, Channel channel) -> Result<void> {
        const auto found = first_in_queue(link, channel, broker_->executor(), queues.read[number], prefetch);
        if (found) first = *found;
        return found || found.error().kind == ErrorKind::invalid ? Result<void>{} : found.error();
      });
      if (!asked) return asked.error();
    }
    if (first && (!oldest || *first < *oldest)) oldest = first;
  }
  return oldest;
}

Result<LagState> RabbitmqTopology::lag_now(const KnownSubscription& subscription) {
  LagState state{.group = subscription.group,
                 .topic = subscription.topics.empty() ? subscription.name : subscription.topics.front()};
  for (const SubscriptionQueues& queues : subscription.queues.all()) {
    if (auto added = add_lag(state, queues, subscription.instances); !added) return added.error();
  }
  const auto dead = count_ready(*broker_, dead_letters_of(subscription.queues.now.base));
  if (!dead) return dead.error();
  state.dead = *dead;
  return state;
}

Result<void> RabbitmqTopology::add_lag(LagState& state, const SubscriptionQueues& queues,
                                       const std::vector<std::string>& instances) {
  Holdings held;
  // Nobody can be asked while the server takes no messages: what members have is not counted then.
  const auto asked = log_->is_blocked() ? std::vector<std::string>{} : instances;
  const auto unsettled = count_unsettled(*broker_, queues, asked, held);
  if (!unsettled) return unsettled.error();
  state.unsettled += *unsettled;
  for (const auto& [queue, holding] : held) state.unkeyed += holding.unkeyed;
  if (*unsettled > 0) {
    const auto first = oldest(queues, held);
    if (!first) return first.error();
    if (*first && (!state.oldest || **first < *state.oldest)) state.oldest = *first;
  }
  for (const auto step : kRetrySteps) {
    const auto waiting = count_ready(*broker_, retries_of(queues.name, step.count()));
    if (!waiting) return waiting.error();
    state.waiting += *waiting;
    state.unsettled += *waiting;
  }
  const auto trials = Trials{log_, queues.name}.all();
  if (!trials) return trials.error();
  for (const auto& attempts : *trials) state.waiting += attempts.due ? 1 : 0;
  return {};
}

Result<void> RabbitmqTopology::create_topic(const transport::TopicSpec& topic,
                                            std::optional<std::int32_t> replication) {
  if (replication) return unsupported("RabbitMQ's quorum queues are on as many nodes as the cluster has: leave it out");
  return catalog_->declare({.topics = {topic}, .published = {}});
}

// Of a broadcast, also those of instances that left for good.
Result<std::vector<QueueGenerations>> RabbitmqTopology::all_queues(const std::string& group,
                                                                   const GroupSubscription& subscription) {
  std::set<std::string> instances{""};
  if (subscription.sharing == transport::Sharing::broadcast && subscription.queue.empty()) {
    const auto nobodys = catalog_->queues(group, subscription, "");
    if (!nobodys) return nobodys.error();
    const auto noted = instance_records(*log_, *nobodys);
    if (!noted) return noted.error();
    instances.clear();
    for (const auto& [instance, records] : *noted) instances.insert(instance);
    for (const GroupMember& member : subscription.members) instances.insert(member.instance);
  }
  std::vector<QueueGenerations> all;
  for (const std::string& instance : instances) {
    auto queues = catalog_->generations(group, subscription, instance);
    if (!queues) return queues.error();
    all.push_back(*std::move(queues));
  }
  return all;
}

Result<void> RabbitmqTopology::remove_queues(const QueueGenerations& queues) {
  const auto removed = broker_->ask([&](Link& link, Channel channel) -> Result<void> {
    for (const SubscriptionQueues& one : queues.all()) {
      if (auto done = rabbitmq::remove_queues(link, channel, one); !done) return done;
    }
    if (auto done = link.delete_queue(channel, dead_letters_of(queues.now.base)); !done) return done;
    return link.delete_queue(channel, discarded_of(queues.now.base));
  });
  if (!removed) return removed;
  for (const SubscriptionQueues& one : queues.all()) {
    if (auto erased = erase_queue_records(*broker_, *log_, one.name); !erased) return erased;
  }
  return {};
}

Result<transport::Repartition> RabbitmqTopology::repartition(std::string_view topic, std::int32_t partitions) {
  return Repartitioning{broker_, catalog_, registrations_, producer_, log_}.run(std::string{topic}, partitions);
}

Result<void> RabbitmqTopology::remove_group(std::string_view group) {
  const auto there = registrations_->group(std::string{group});
  if (!there) return there.error();
  if (auto gone = registrations_->check_gone(*there); !gone) return gone;
  for (const GroupSubscription& subscription : there->subscriptions) {
    const auto all = all_queues(there->group, subscription);
    if (!all) return all.error();
    for (const QueueGenerations& queues : *all) {
      if (auto removed = remove_queues(queues); !removed) return removed;
    }
  }
  if (auto released = named_queues_->release(group); !released) return released;
  return registrations_->remove(std::string{group});
}

}  // namespace tidings::rabbitmq
