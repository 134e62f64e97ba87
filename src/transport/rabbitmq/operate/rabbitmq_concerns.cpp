// How a deployment's exchanges and queues are set on the server: which of them differ from what services want, and
// those that are made for who may not make them.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "transport/rabbitmq/catalog/foreign_letters.hpp"
#include "transport/rabbitmq/link/rabbitmq_limits.hpp"
#include "transport/rabbitmq/operate/rabbitmq_topology.hpp"
#include "transport/rabbitmq/topology/stream_reader.hpp"
#include "transport/rabbitmq/topology/topics.hpp"

namespace tidings::rabbitmq {

using transport::Concern;

namespace {

constexpr Channel kChannel = 1;

// Compares all that services would declare.
Result<void> examine(Link& link, const Names& names, const AmqpOptions& options, const std::vector<std::string>& topics,
                     const std::vector<KnownSubscription>& subscriptions) {
  const StreamSpec control{
      .name = names.control(), .bytes_max = kControlBytesMax, .segment_bytes_max = kControlSegmentBytesMax};
  if (auto done = declare_stream(link, kChannel, control); !done) return done;
  if (auto done = declare_foreign_letters(link, kChannel, names); !done) return done;
  for (const std::string& topic : topics) {
    if (auto done = declare_topic(link, kChannel, names, options, topic); !done) return done;
  }
  for (const KnownSubscription& subscription : subscriptions) {
    if (auto done = declare_all(link, kChannel, subscription.queues.now, {}); !done) return done;
    if (!subscription.queues.next) continue;
    if (auto done = declare_all(link, kChannel, *subscription.queues.next, {}); !done) return done;
  }
  return {};
}

bool is_of_kind(const Difference& difference) {
  return difference.argument == "x-queue-type" || difference.argument == "x-delivery-limit";
}

std::string way_out(const Mismatch& mismatch, const AmqpOptions& options) {
  const std::string& name = mismatch.name;
  if (mismatch.is_missing()) {
    return "let an administrator run `tidings topics create` and `tidings groups create`, as a user who may configure";
  }
  if (mismatch.what.starts_with("exchange")) {
    return fmt::format(
        "while nothing is published, delete {}, with RabbitMQ's management, say, and start the services, which make it "
        "anew; or give the deployment names of its own by `prefix`",
        mismatch.what);
  }
  const std::string anew = fmt::format(
      "let its group settle what is in it, stop the group, `rabbitmqctl delete_queue -p {} {} --if-empty`, and start "
      "the "
      "group, which makes it anew",
      options.vhost, name);
  if (!std::ranges::all_of(mismatch.differences, is_of_kind)) return anew;
  return fmt::format("write `queue={}` to take it as it is; or {}",
                     options.queue == QueueKind::quorum ? "classic" : "quorum", anew);
}

std::vector<Concern> changes_begun(const std::map<std::string, transport::TopicFact>& facts) {
  std::vector<Concern> concerns;
  for (const auto& [name, fact] : facts) {
    const std::int32_t now = fact.partitions.value_or(1);
    if (!fact.next && !fact.last) continue;
    const std::string what =
        fact.next ? fmt::format(
                        "topic '{}' is being changed from {} to {} partitions: what is published since is handled "
                        "once that is done",
                        name, now, *fact.next)
                  : fmt::format("topic '{}' has {} partitions now, and queues of before are not removed", name, now);
    concerns.push_back({.subject = fmt::format("topic '{}'", name),
                        .what = what,
                        .remedy = fmt::format("`tidings topics repartition {} {}` says what is left to do, and does it",
                                              name, fact.next.value_or(now))});
  }
  return concerns;
}

Concern takes_no_messages() {
  return {.subject = "RabbitMQ",
          .what = "it takes no messages: its memory or its disk is full, and publishers wait",
          .remedy =
              "`rabbitmq-diagnostics alarms` says where; let its groups settle what waits, as they still can, or "
              "free room on its disk"};
}

}  // namespace

Result<std::vector<Concern>> RabbitmqTopology::concerns() {
  const auto facts = catalog_->facts().all();
  if (!facts) return facts.error();
  std::vector<std::string> topics;
  for (const auto& [name, fact] : *facts) topics.push_back(name);
  std::vector<Concern> concerns = changes_begun(*facts);
  if (log_->is_blocked()) concerns.insert(concerns.begin(), takes_no_messages());
  const auto subscriptions = subscriptions_of(*catalog_, *registrations_);
  if (!subscriptions) return subscriptions.error();
  const AmqpOptions& options = broker_->options();
  AmqpOptions examining = options;
  examining.declaring = Declaring::examine;
  Executor& executor = broker_->executor();
  auto link = Link::open(examining, "examination", executor, executor.now() + kRequestWithin);
  if (!link) return link.error();
  if (auto opened = (*link)->open_channel(kChannel); !opened) return opened.error();
  if (auto done = examine(**link, broker_->names(), options, topics, *subscriptions); !done) return done.error();
  for (const Mismatch& mismatch : (*link)->mismatches()) {
    // What is missing is made when it is needed; unless nobody may.
    if (mismatch.is_missing() && options.declaring == Declaring::make) continue;
    concerns.push_back({.subject = mismatch.what, .what = text_of(mismatch), .remedy = way_out(mismatch, options)});
  }
  return concerns;
}

Result<void> RabbitmqTopology::create_group(const transport::SubscriptionSpec& subscription) {
  if (auto named = catalog_->check_names(subscription); !named) return named;
  if (!subscription.topic.empty()) {
    const auto topic = catalog_->topic(subscription.topic);
    if (!topic) return topic.error();
    if (!*topic) return catalog_->missing(subscription.topic);
  }
  const transport::GroupSubscription wanted{.topic = subscription.topic, .pattern = subscription.pattern};
  const auto queues = catalog_->generations(subscription.group, wanted, "");
  if (!queues) return queues.error();
  const EventTopics topics{broker_->shared_executor(), catalog_->control()};
  const auto bindings = bindings_of(broker_->names(), topics, subscription);
  if (!bindings) return bindings.error();
  // Whoever changes the topic's partitions is to know of it, though it never had a member.
  if (auto known = registrations_->know(subscription); !known) return known;
  return broker_->ask([&](Link& link, Channel channel) -> Result<void> {
    if (queues->next) {
      if (auto done = declare_all(link, channel, queues->now, {}); !done) return done;
    }
    return declare_all(link, channel, queues->incoming(), *bindings);
  });
}

}  // namespace tidings::rabbitmq
