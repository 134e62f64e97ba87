#include "transport/rabbitmq/operate/repartition.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "transport/driver/copy.hpp"
#include "transport/rabbitmq/consume/queue_records.hpp"
#include "transport/rabbitmq/consume/unsettled_count.hpp"
#include "transport/rabbitmq/format/amqp_retry_ladder.hpp"
#include "transport/rabbitmq/format/key_slots.hpp"
#include "transport/rabbitmq/link/rabbitmq_limits.hpp"
#include "transport/rabbitmq/operate/queue_reader.hpp"
#include "transport/rabbitmq/publish/send_now.hpp"

namespace tidings::rabbitmq {

using transport::GroupRecord;
using transport::GroupSubscription;
using transport::Repartition;
using transport::RepartitionHold;
using transport::TopicFact;

Result<Repartition> Repartitioning::run(const std::string& topic, std::int32_t partitions) {
  auto fact = catalog_->facts().of(topic);
  if (!fact) return fact.error();
  if (auto fine = check(topic, *fact, partitions); !fine) return fine.error();
  Repartition change{.from = fact->partitions.value_or(broker_->options().queues), .to = partitions, .held_by = {}};
  if (fact->last) {
    if (auto removed = remove_last(topic, *fact); !removed) return removed.error();
    if ((fact = catalog_->facts().of(topic)); !fact) return fact.error();
  }
  change.done = !fact->next && change.from == partitions;
  if (change.done) return change;
  if (!fact->next) {
    fact->next = partitions;
    if ((fact = put(topic, *fact)); !fact) return fact.error();
  }
  if (auto on = passed("repartition_begun"); !on) return on.error();
  const auto readers = this->readers(topic, *fact);
  if (!readers) return readers.error();
  // Twice: who joined before the change began may have bound what is unbound; and what is on its way is in no queue.
  for (int time = 0; time < 2; ++time) {
    if (auto opened = open_next(*readers); !opened) return opened.error();
    if (auto on = passed("repartition_opened"); !on) return on.error();
    auto held_by = this->held_by(*readers);
    if (!held_by) return held_by.error();
    change.held_by = *std::move(held_by);
    if (!change.held_by.empty()) return change;
    broker_->executor().sleep_until(broker_->executor().now() + kPassWithin);
  }
  fact = put(topic, {.command = fact->command,
                     .partitions = partitions,
                     .retention = fact->retention,
                     .generation = fact->generation + 1,
                     .next = {},
                     .last = change.from,
                     .version = fact->version});
  if (!fact) return fact.error();
  if (auto on = passed("repartition_closed"); !on) return on.error();
  if (auto removed = remove_last(topic, *fact); !removed) return removed.error();
  change.done = true;
  return change;
}

Result<void> Repartitioning::check(const std::string& topic, const TopicFact& fact, std::int32_t partitions) const {
  if (fact.version == 0) return catalog_->missing(topic);
  if (partitions < 1 || static_cast<std::size_t>(partitions) > kKeySlots) {
    return invalid(fmt::format("topic '{}' cannot have {} partitions: 1 to {} on RabbitMQ, one queue each", topic,
                               partitions, kKeySlots));
  }
  if (broker_->options().declaring != Declaring::make) {
    return invalid(
        fmt::format("the queues of topic '{}' are made anew, and `declare=no` makes nothing: let an administrator do "
                    "it, by a URL without that",
                    topic));
  }
  if (!fact.next || fact.next == partitions) return {};
  return conflict(
      fmt::format("topic '{0}' is being changed to {1} partitions: `tidings topics repartition {0} {1}` "
                  "until that is done, and then to {2}",
                  topic, *fact.next, partitions));
}

Result<TopicFact> Repartitioning::put(const std::string& topic, TopicFact fact) {
  auto put = catalog_->facts().put(topic, fact);
  if (put) return catalog_->facts().of(topic);
  if (put.error().kind != ErrorKind::conflict) return put.error();
  return conflict(fmt::format("somebody else changes topic '{}' now: look what came of it, and run it again", topic));
}

Result<Repartitioning::Readers> Repartitioning::readers(const std::string& topic, const TopicFact& fact) {
  const auto groups = registrations_->groups();
  if (!groups) return groups.error();
  Readers readers;
  for (const GroupRecord& group : *groups) {
    for (const GroupSubscription& subscription : group.subscriptions) {
      if (subscription.topic != topic) continue;
      auto queues = catalog_->generations(group.group, subscription, "", fact);
      if (queues.next || queues.last) readers.push_back({group.group, subscription, std::move(queues)});
    }
  }
  return readers;
}

Result<void> Repartitioning::open_next(const Readers& readers) {
  for (const Reader& reader : readers) {
    if (auto opened = open_next(reader); !opened) return opened;
  }
  return {};
}

Result<void> Repartitioning::open_next(const Reader& reader) {
  const EventTopics topics{broker_->shared_executor(), catalog_->control()};
  const auto bindings = bindings_of(broker_->names(), topics, transport::spec_of(reader.group, reader.subscription));
  if (!bindings) return bindings.error();
  return broker_->ask([&](Link& link, Channel channel) -> Result<void> {
    const SubscriptionQueues& next = *reader.queues.next;
    for (const auto step : kRetrySteps) {  // as many as an administrator made for who may not make them
      const auto there = link.look_at_queue(channel, retries_of(reader.queues.now.name, step.count()));
      if (!there && there.error().kind != ErrorKind::invalid) return there.error();
      if (!there) {
        if (auto opened = link.open_channel(channel); !opened) return opened;  // who refuses closes it
        if (step != kRetrySteps.front()) continue;
      }
      if (auto made = declare_retries(link, channel, next, step); !made) return made;
    }
    if (auto made = declare_queues(link, channel, next, *bindings); !made) return made;
    if (broker_->faults().at("repartition_bound") != 0) return unavailable("a test ends it");
    return unbind_queues(link, channel, reader.queues.now, *bindings);
  });
}

Result<std::vector<RepartitionHold>> Repartitioning::held_by(const Readers& readers) {
  std::vector<RepartitionHold> all;
  for (const Reader& reader : readers) {
    RepartitionHold hold{.group = reader.group, .instances = {}};
    const auto living = registrations_->living(reader.group, reader.subscription);
    if (!living) return living.error();
    for (const auto& member : *living) hold.instances.push_back(member.instance);
    std::vector<std::string> instances;
    for (const auto& member : reader.subscription.members) instances.push_back(member.instance);
    Holdings held;
    const auto unsettled = count_unsettled(*broker_, reader.queues.now, instances, held);
    if (!unsettled) return unsettled.error();
    hold.unsettled = *unsettled;
    if (hold.unsettled > 0 || !hold.instances.empty()) all.push_back(std::move(hold));
  }
  return all;
}

Result<void> Repartitioning::remove_last(const std::string& topic, const TopicFact& fact) {
  const auto readers = this->readers(topic, fact);
  if (!readers) return readers.error();
  for (const Reader& reader : *readers) {
    if (auto unread = check_unread(topic, reader); !unread) return unread;
  }
  for (const Reader& reader : *readers) {
    const SubscriptionQueues& last = *reader.queues.last;
    // Those whose time is over come to the queues.
    for (const auto step : kRetrySteps) {
      if (auto moved = move_rest(retries_of(last.name, step.count()), reader.queues.now); !moved) return moved;
    }
    broker_->executor().sleep_until(broker_->executor().now() + kPassWithin);
    for (const std::string& queue : last.read) {
      if (auto moved = move_rest(queue, reader.queues.now); !moved) return moved;
    }
    if (auto on = passed("repartition_moved"); !on) return on;
    const auto removed = broker_->ask([&](Link& link, Channel channel) { return remove_queues(link, channel, last); });
    if (!removed) return removed;
    if (auto erased = erase_queue_records(*broker_, *log_, last.name); !erased) return erased;
  }
  TopicFact without = fact;
  without.last.reset();
  const auto put = this->put(topic, without);
  return put ? Result<void>{} : put.error();
}

// Who joined while the change was made reads them still, until it sees that.
Result<void> Repartitioning::check_unread(const std::string& topic, const Reader& reader) {
  const Time deadline = broker_->executor().now() + kRequestWithin;
  for (const std::string& queue : reader.queues.last->read) {
    std::uint32_t consumers = 0;
    do {
      const auto looked = broker_->ask([&](Link& link, Channel channel) -> Result<void> {
        const auto there = link.look_at_queue(channel, queue);
        consumers = there ? there->consumers : 0;
        return there || there.error().kind == ErrorKind::invalid ? Result<void>{} : there.error();
      });
      if (!looked) return looked;
      if (consumers > 0) broker_->executor().sleep_until(broker_->executor().now() + kLookEvery);
    } while (consumers > 0 && broker_->executor().now() < deadline);
    if (consumers == 0) continue;
    return conflict(
        fmt::format("topic '{}' has {} partitions now, but queue '{}' from before is still read: stop the members of "
                    "group '{}', run this again, which removes it, and start them",
                    topic, reader.queues.now.read.size(), queue, reader.group));
  }
  return {};
}

// Each is confirmed where it goes before it is removed: who dies meanwhile leaves it in both.
Result<void> Repartitioning::move_rest(const std::string& queue, const SubscriptionQueues& to) {
  Result<void> sent;
  const auto read = broker_->ask([&](Link& link, Channel channel) {
    return read_queue(link, channel, broker_->executor(), queue, [&](const Message& message) {
      transport::Copy copy = message.copy().value_or(transport::Copy{});
      copy.topic.clear();  // the record's own header says it
      sent = send_now(*producer_, broker_->executor(),
                      {.exchange = to.exchange(),
                       .key = to.name,
                       .record = to_record(message.record()),
                       .notes = message.copy() ? transport::copy_headers(copy) : Notes{}});
      return sent ? Then::remove : Then::stop;
    });
  });
  if (!sent) return sent;
  return read;
}

// A test ends it here.
Result<void> Repartitioning::passed(const char* point) const {
  if (broker_->faults().at(point) == 0) return {};
  return unavailable(fmt::format("the change of partitions ended at {}", point));
}

}  // namespace tidings::rabbitmq
