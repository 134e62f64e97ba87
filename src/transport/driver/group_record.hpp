// What is known of a group: what it subscribes to, and with which members. One control record for each group, so that
// whoever joins sees all that it must agree with, and is seen.
//
// Wire:    docs/wire.md, "Control on Kafka" and "Control on RabbitMQ".
// Threads: values; pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidings/transport/transport.hpp"

namespace tidings::transport {

struct GroupMember {
  std::string instance;
  std::string host;
  std::int64_t pid = 0;
  Time joined{};

  friend bool operator==(const GroupMember&, const GroupMember&) = default;
};

struct GroupSubscription {
  std::string topic;  // or
  std::string pattern;
  std::vector<std::string> extra_topics;
  Sharing sharing = Sharing::shared;
  std::vector<GroupMember> members;
  std::string queue = {};  // SubscriptionSpec::queue

  const std::string& name() const { return topic.empty() ? pattern : topic; }
  bool is_of(const SubscriptionSpec& spec) const {
    return topic == spec.topic && pattern == spec.pattern && sharing == spec.sharing;
  }
  friend bool operator==(const GroupSubscription&, const GroupSubscription&) = default;
};

struct GroupRecord {
  std::string group;
  std::vector<GroupSubscription> subscriptions;

  friend bool operator==(const GroupRecord&, const GroupRecord&) = default;
};

std::string text_of(const GroupRecord& record);
GroupRecord group_record(std::string_view group, std::string_view text);  // lines of others are skipped

}  // namespace tidings::transport
