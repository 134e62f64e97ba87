// What the members of a subscription note in Control of themselves, and of the queues that they have.
//
// Wire:    docs/wire.md, "Members on RabbitMQ".
// Threads: values; pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidings/transport/control.hpp"

namespace tidings::rabbitmq {

// Who has a queue, or had it last.
struct QueueRecord {
  std::string instance;
  std::uint64_t life = 0;      // of the instance: another process of that name has another
  std::uint64_t slot = 0;      // of the queue on the board of that life
  std::uint16_t prefetch = 0;  // it may have had so many at a time
  bool held = false;           // false: it was given up, nothing was being handled
  bool suspects = false;       // of one that was given up: what was handed out before may have killed somebody still
  std::uint64_t version = 0;

  friend bool operator==(const QueueRecord&, const QueueRecord&) = default;
};
struct MemberRecord {
  std::uint64_t life = 0;
  std::uint64_t version = 0;

  friend bool operator==(const MemberRecord&, const MemberRecord&) = default;
};

// Of one subscription.
struct ShareRecords {
  std::map<std::string, MemberRecord> members;  // by instance
  std::vector<QueueRecord> queues;              // by number; version 0: nobody ever had it
};

// Of which queues a record is, by their name, and of which instance.
struct SharePlace {
  std::string name;
  std::string instance;
};
// None: it is none of these records.
std::optional<SharePlace> share_place(const transport::ControlRecord& record);

std::string share_prefix(std::string_view name);
std::string member_key(std::string_view name, std::string_view instance);
std::string queue_key(std::string_view name, std::size_t queue);
std::string text_of(const QueueRecord& record);
std::string text_of(const MemberRecord& record);
// From records below that prefix; what others wrote there is skipped.
ShareRecords share_records(std::string_view name, std::size_t queues,
                           const std::vector<transport::ControlRecord>& records);

}  // namespace tidings::rabbitmq
