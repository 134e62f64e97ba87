// Groups and their subscriptions, inside a transaction.
//
// What a group has settled is kept per group, partition and topic (progress.hpp); a subscription says which topics
// are read by whom. So a group that changes its pattern goes on where it was.
//
// Format:  docs/formats/local.md, tree `groups`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidings/result.hpp"
#include "tidings/transport/transport.hpp"
#include "transport/local/storage/lmdb_environment.hpp"
#include "transport/local/tables/group_progress.hpp"
#include "transport/local/tables/topic_catalog.hpp"

namespace tidings::local {

struct SubscriptionRow {
  std::uint32_t id = 0;
  std::uint32_t group = 0;
  std::string group_name;
  std::string topic;    // or
  std::string pattern;  // exactly one of them
  std::vector<std::string> extra_topics;
  bool command = false;
  bool broadcast = false;  // the group of one member, gone with it
  Sequence start = 1;      // where it begins to read a topic of which the group has settled nothing

  // As it stands in dead letters and messages.
  const std::string& name() const { return topic.empty() ? pattern : topic; }
  friend bool operator==(const SubscriptionRow&, const SubscriptionRow&) = default;
};
std::string encode_subscription(const SubscriptionRow& row);
// None: it is a group's own entry. What is cut off is empty.
std::optional<SubscriptionRow> decode_subscription(Bytes key, Bytes value);

// By id.
std::vector<SubscriptionRow> all_subscriptions(Transaction& transaction);
std::optional<SubscriptionRow> find_subscription(Transaction& transaction, std::uint32_t id);
std::optional<std::uint32_t> find_group(Transaction& transaction, std::string_view name);

// The group as people know it: of a broadcast's instance, the name that all of them have.
std::string shown_group(const SubscriptionRow& row);
std::string broadcast_group(std::string_view group, std::uint64_t member);
// The id of the group of that shown name which reads the topic; of several instances of a broadcast, the first.
std::optional<std::uint32_t> reader_of(Transaction& transaction, std::string_view group, std::uint32_t topic);

// Finds or creates it. `group`: the name, which for a broadcast differs from spec.group.
// conflict: a command's second group. invalid: another subscription of the group, with members, reads a topic of it.
Result<SubscriptionRow> join_subscription(WriteTransaction& transaction, const transport::SubscriptionSpec& spec,
                                          std::string_view group, Sequence start, const Catalog& catalog);

// Erases the subscription; with the last one of it, its group and all that is stored of the group.
void erase_subscription(WriteTransaction& transaction, const SubscriptionRow& row);

// The topics that it reads, ascending, other subscriptions of its group aside.
std::vector<std::uint32_t> topics_read(const SubscriptionRow& row, const Catalog& catalog);

// Whose first unsettled event is the oldest; nothing: there is no group.
std::optional<std::string> slowest_group(Transaction& transaction);

}  // namespace tidings::local
