// What a subscription must fulfil before a member may join it.
#include <fmt/format.h>

#include <algorithm>

#include "transport/driver/named_queue.hpp"
#include "transport/memory/deployment.hpp"

namespace tidings::memory {

using transport::Sharing;
using transport::SubscriptionSpec;

Result<void> Deployment::check_spec(const SubscriptionSpec& spec) const {
  if (auto named = check_name("group", spec.group); !named) return named;
  if (auto checked = transport::check_no_queue(spec); !checked) return checked;
  if (spec.topic.empty() == spec.pattern.empty()) {
    return invalid(fmt::format("a subscription of group '{}' names either a topic or a pattern, not '{}' and '{}'",
                               spec.group, spec.topic, spec.pattern));
  }
  if (spec.in_flight_max == 0 || spec.in_flight_bytes_max == 0) {
    return invalid(fmt::format(
        "in_flight_max or in_flight_bytes_max of group '{}' is 0: it would never receive anything", spec.group));
  }
  if (!spec.pattern.empty()) {
    if (spec.command) {
      return invalid(fmt::format("commands have no patterns: name the destination that '{}' reads", spec.group));
    }
    if (auto named = check_name("pattern", spec.pattern); !named) return named;
  } else if (auto checked = check_command(spec); !checked) {
    return checked;
  }
  return check_overlap(spec);
}

Result<void> Deployment::check_command(const SubscriptionSpec& spec) const {
  const TopicLog* log = topics_.find(spec.topic);
  if (log == nullptr) {
    return invalid(
        fmt::format("topic '{}', which group '{}' reads, is unknown: declare it first", spec.topic, spec.group));
  }
  if (log->spec().command != spec.command) {
    return invalid(fmt::format("'{}' holds {}: group '{}' must subscribe to it so", spec.topic,
                               log->spec().command ? "commands" : "events", spec.group));
  }
  if (!spec.command) return {};
  for (const auto& [id, other] : subscriptions_) {
    if (other->spec().topic == spec.topic && other->spec().group != spec.group) {
      return conflict(fmt::format("the commands of '{}' go to group '{}' already; a command has one subscription",
                                  spec.topic, other->spec().group));
    }
  }
  return {};
}

// A group reads each topic by one subscription.
Result<void> Deployment::check_overlap(const SubscriptionSpec& spec) const {
  const auto wanted = topics_of(spec);
  for (const auto& [id, other] : subscriptions_) {
    const SubscriptionSpec& there = other->spec();
    const bool same = there.topic == spec.topic && there.pattern == spec.pattern && there.sharing == spec.sharing;
    if (there.group != spec.group || other->members().empty() || same) continue;
    const auto& there_topics = other->topics();
    const auto shared = std::find_if(wanted.begin(), wanted.end(), [&there_topics](const std::string& topic) {
      return there_topics.contains(topic);
    });
    if (shared == wanted.end()) continue;
    return invalid(
        fmt::format("group '{}' reads topic '{}' by its subscription to '{}' already: give the one to '{}' "
                    "a group of its own",
                    spec.group, *shared, other->name(), spec.topic.empty() ? spec.pattern : spec.topic));
  }
  return {};
}

}  // namespace tidings::memory
