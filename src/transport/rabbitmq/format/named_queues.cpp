#include "transport/rabbitmq/format/named_queues.hpp"

#include <fmt/format.h>

#include "transport/rabbitmq/link/rabbitmq_limits.hpp"

namespace tidings::rabbitmq {

using transport::GroupRecord;
using transport::GroupSubscription;
using transport::Sharing;
using transport::SubscriptionSpec;

namespace {

constexpr std::string_view kClaims = "queue/";
constexpr std::size_t kNamedQueueMax = kNameMax / 2;  // names of retries and members are longer

std::string queue_of(const Names& names, const std::string& group, const GroupSubscription& subscription) {
  if (!subscription.queue.empty()) return names.queue(subscription.queue);
  return subscription.topic.empty() ? names.queue_of_pattern(group, subscription.pattern)
                                    : names.queue_of_topic(group, subscription.topic);
}

std::string claim_of(const std::string& queue) {
  return std::string{kClaims} + queue;
}

Error taken(const std::string& queue, const std::string& group) {
  return conflict(
      fmt::format("queue '{}' is read by group '{}' already, and two groups would take each other's events: leave "
                  "`queue` out, so that the group has one of its own, or `tidings groups remove {}` if it is gone",
                  queue, group, group));
}

}  // namespace

Result<void> NamedQueues::claim(const SubscriptionSpec& spec) {
  if (auto named = check_name(spec); !named) return named;
  const GroupSubscription subscription{
      .topic = spec.topic, .pattern = spec.pattern, .sharing = spec.sharing, .queue = spec.queue};
  const std::string queue = queue_of(names_, spec.group, subscription);
  const auto owner = records_->get(claim_of(queue));
  if (!owner) return owner.error();
  if (*owner && (*owner)->value != spec.group) return taken(queue, (*owner)->value);
  if (auto free = check_others(spec); !free) return free;
  if (spec.queue.empty() || *owner) return {};
  return put(spec);
}

Result<void> NamedQueues::check_name(const SubscriptionSpec& spec) const {
  if (spec.queue.empty()) return {};
  if (spec.sharing == Sharing::broadcast) {
    return invalid(
        fmt::format("group '{}' is to read queue '{}', but a broadcast has a queue for each instance: leave "
                    "`queue` out",
                    spec.group, spec.queue));
  }
  const std::string queue = names_.queue(spec.queue);
  if (queue == names_.control() || queue == dead_letters_of(names_.foreign_letters())) {
    return invalid(fmt::format("queue '{}' is Tidings' own: group '{}' cannot read it", queue, spec.group));
  }
  if (queue.size() <= kNamedQueueMax && queue.find_first_of("\t\n/") == queue.npos) return {};
  return invalid(
      fmt::format("'{}' is no name of a queue that group '{}' can read: it has at most {} bytes, and no '/' "
                  "among them",
                  queue, spec.group, kNamedQueueMax));
}

// What subscriptions that name none read.
Result<void> NamedQueues::check_others(const SubscriptionSpec& spec) {
  const auto groups = registrations_->groups();
  if (!groups) return groups.error();
  for (const GroupRecord& record : *groups) {
    if (record.group == spec.group) {
      if (auto fine = check_group(record, spec); !fine) return fine;
      continue;
    }
    if (spec.queue.empty()) continue;
    for (const GroupSubscription& there : record.subscriptions) {
      const std::string queue = queue_of(names_, record.group, there);
      if (queue == names_.queue(spec.queue)) return taken(queue, record.group);
    }
  }
  return {};
}

Result<void> NamedQueues::check_group(const GroupRecord& record, const SubscriptionSpec& spec) {
  for (const GroupSubscription& there : record.subscriptions) {
    const bool is_same = there.is_of(spec);
    if (is_same == (there.queue == spec.queue) || (!is_same && spec.queue.empty())) continue;
    const auto live = registrations_->living(record.group, there);
    if (!live) return live.error();
    if (live->empty()) continue;
    if (is_same) {
      return conflict(fmt::format("members of group '{}' read queue '{}' for '{}', not '{}': stop them first",
                                  record.group, there.queue.empty() ? "of its own" : there.queue, there.name(),
                                  spec.queue.empty() ? "of its own" : spec.queue));
    }
    return invalid(
        fmt::format("group '{}' reads queue '{}' by its subscription to '{}' already: give the one to '{}' "
                    "another queue",
                    record.group, spec.queue, there.name(), spec.topic.empty() ? spec.pattern : spec.topic));
  }
  return {};
}

Result<void> NamedQueues::put(const SubscriptionSpec& spec) {
  const std::string queue = names_.queue(spec.queue);
  const auto put = records_->put(claim_of(queue), spec.group, {.expected = 0});
  if (put) return {};
  if (put.error().kind != ErrorKind::conflict) return put.error();
  const auto owner = records_->get(claim_of(queue));  // who was there first
  if (!owner) return owner.error();
  return *owner && (*owner)->value != spec.group ? Result<void>{taken(queue, (*owner)->value)} : Result<void>{};
}

Result<void> NamedQueues::release(std::string_view group) {
  const auto claims = records_->list(kClaims);
  if (!claims) return claims.error();
  for (const auto& claim : *claims) {
    if (claim.value != group) continue;
    if (const auto erased = records_->put(claim.key, std::nullopt, {}); !erased) return erased.error();
  }
  return {};
}

}  // namespace tidings::rabbitmq
