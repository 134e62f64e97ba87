#include "transport/rabbitmq/consume/queue_records.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "transport/driver/bell.hpp"
#include "transport/rabbitmq/catalog/rabbitmq_catalog.hpp"
#include "transport/rabbitmq/consume/record_changes.hpp"
#include "transport/rabbitmq/consume/share_records.hpp"
#include "transport/rabbitmq/consume/trials.hpp"
#include "transport/rabbitmq/link/rabbitmq_limits.hpp"

namespace tidings::rabbitmq {

using transport::ControlRecord;
using Records = std::vector<ControlRecord>;

namespace {

// All of the queues of that name. Who has them, and had, comes last: where this ends early, it is found by that again.
Result<Records> records_of(ControlStream& log, const std::string& name) {
  auto trials = log.list(ControlSpace::driver, trial_prefix(name));
  if (!trials) return trials.error();
  auto shares = log.list(ControlSpace::driver, share_prefix(name));
  if (!shares) return shares.error();
  std::ranges::move(*shares, std::back_inserter(*trials));
  return trials;
}

// Those that were changed meanwhile stay.
Result<void> erase(Executor& executor, ControlStream& log, const Records& records) {
  std::vector<RecordChange> changes;
  for (const ControlRecord& record : records) {
    changes.push_back({.key = record.key, .value = {}, .expected = record.version});
  }
  const auto answered = std::make_shared<transport::Bell>(executor);
  const auto begun = RecordChanges::begin(log, answered, changes);
  begun->wait(*answered, [] { return false; });  // each is answered in kRequestWithin
  for (const auto& version : begun->versions()) {
    if (!version && version.error().kind != ErrorKind::conflict) return version.error();
  }
  return {};
}

Result<bool> is_queue_there(Broker& broker, const std::string& queue) {
  bool is_there = false;
  const auto asked = broker.ask([&](Link& link, Channel channel) -> Result<void> {
    const auto looked = link.look_at_queue(channel, queue);
    is_there = static_cast<bool>(looked);
    return looked || looked.error().kind == ErrorKind::invalid ? Result<void>{} : looked.error();
  });
  if (!asked) return asked.error();
  return is_there;
}

// What was noted was read before: an instance that comes back meanwhile notes it anew.
Result<void> forget_if_gone(Broker& broker, ControlStream& log, const std::string& begins, const std::string& instance,
                            const Records& noted) {
  const SubscriptionQueues queues = queues_of(begins + instance, 1, QueueKind::quorum);
  const auto has_queue = is_queue_there(broker, queues.name);
  if (!has_queue || *has_queue) return has_queue ? Result<void>{} : has_queue.error();
  const auto is_there = is_member_there(broker, queues, instance);
  if (!is_there || *is_there) return is_there ? Result<void>{} : is_there.error();
  return erase(broker.executor(), log, noted);
}

// Nothing: the queue is another's.
std::string instance_of(std::string_view queue, std::string_view begins) {
  return queue.starts_with(begins) ? std::string{queue.substr(begins.size())} : std::string{};
}

// Those that say who had a queue: its name alone could be that of another group's.
InstanceRecords instances_in(std::string_view begins, const Records& shares) {
  InstanceRecords instances;
  for (const ControlRecord& record : shares) {
    const auto place = share_place(record);
    if (!place || place->instance.empty() || instance_of(place->name, begins) != place->instance) continue;
    instances[place->instance].push_back(record);
  }
  return instances;
}

}  // namespace

Result<void> erase_queue_records(Broker& broker, ControlStream& log, const std::string& name) {
  const auto records = records_of(log, name);
  return records ? erase(broker.executor(), log, *records) : records.error();
}

InstanceRecords instance_records(std::string_view begins, bool competing, const Records& shares,
                                 const Records& trials) {
  const InstanceRecords instances = instances_in(begins, shares);
  InstanceRecords all;
  for (const ControlRecord& record : trials) {
    const std::string instance = instance_of(queues_in_trial(record.key), begins);
    if (instances.contains(instance) || (competing && !instance.empty())) all[instance].push_back(record);
  }
  for (const auto& [instance, records] : instances) std::ranges::copy(records, std::back_inserter(all[instance]));
  return all;
}

Result<InstanceRecords> instance_records(ControlStream& log, const SubscriptionQueues& nobodys) {
  const auto below = [&](std::string prefix) {
    return log.list(ControlSpace::driver, prefix.erase(prefix.size() - 1));
  };
  const auto trials = below(trial_prefix(nobodys.name));
  if (!trials) return trials.error();
  const auto shares = below(share_prefix(nobodys.name));
  if (!shares) return shares.error();
  return instance_records(nobodys.name, nobodys.competing, *shares, *trials);
}

Result<void> forget_gone_instances(Broker& broker, ControlStream& log, const SubscriptionQueues& nobodys) {
  const auto noted = instance_records(log, nobodys);
  if (!noted) return noted.error();
  if (noted->empty()) return {};
  auto next = std::next(noted->begin(), static_cast<std::ptrdiff_t>(broker.executor().random() % noted->size()));
  for (std::size_t i = 0; i < std::min(kForgottenMax, noted->size()); ++i) {
    if (auto done = forget_if_gone(broker, log, nobodys.name, next->first, next->second); !done) return done;
    if (++next == noted->end()) next = noted->begin();
  }
  return {};
}

}  // namespace tidings::rabbitmq
