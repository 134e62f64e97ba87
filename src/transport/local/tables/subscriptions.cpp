#include "transport/local/tables/subscriptions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "transport/driver/pattern_topics.hpp"
#include "transport/local/storage/limits.hpp"
#include "transport/local/tables/expiry.hpp"
#include "transport/local/tables/member_table.hpp"

namespace tidings::local {

using transport::Sharing;
using transport::SubscriptionSpec;

namespace {

// Keys of tree `groups`: name, 0 for the group; name, 0, 't' or 'p', topic or pattern for a subscription. Names have
// no control characters (check_name).
constexpr char kInstanceMark = '@';

TreeKey group_key(std::string_view name) {
  return TreeKey{}.text(name).text({"\0", 1});
}

TreeKey subscription_key(const SubscriptionRow& row) {
  return group_key(row.group_name).text(row.topic.empty() ? "p" : "t").text(row.name());
}

std::uint32_t group_id(WriteTransaction& transaction, std::string_view name) {
  if (const auto known = find_group(transaction, name)) return *known;
  const auto id = static_cast<std::uint32_t>(next_number(transaction, "groups"));
  std::string value;
  ByteWriter{value}.fixed(id);
  transaction.put(Tree::groups, group_key(name), value);
  return id;
}

bool command_taken(const SubscriptionRow& other, const SubscriptionRow& row) {
  return row.command && other.topic == row.topic && other.group_name != row.group_name;
}

Result<void> check_topic(const SubscriptionRow& row, const Catalog& catalog) {
  if (row.topic.empty()) return {};
  const TopicRow* topic = catalog.find(row.topic);
  if (topic == nullptr) {
    return invalid(fmt::format("topic '{}', which group '{}' reads, is not declared; declare it first", row.topic,
                               row.group_name));
  }
  if (topic->command == row.command) return {};
  return invalid(fmt::format("'{}' holds {}; group '{}' must subscribe to it so", row.topic,
                             topic->command ? "commands" : "events", row.group_name));
}

// A topic that both read; nothing: they may live side by side.
std::optional<std::string> common_topic(const SubscriptionRow& a, const SubscriptionRow& b, const Catalog& catalog) {
  if (!a.topic.empty() && a.topic == b.topic) return a.topic;
  const auto of_a = topics_read(a, catalog);
  const auto of_b = topics_read(b, catalog);
  const auto both = std::find_first_of(of_a.begin(), of_a.end(), of_b.begin(), of_b.end());
  if (both == of_a.end()) return std::nullopt;
  return catalog.find(*both)->name;
}

// Whether all that `old` reads is read by `row` too.
bool covered(const SubscriptionRow& old, const SubscriptionRow& row, const Catalog& catalog) {
  const auto of_old = topics_read(old, catalog);
  const auto of_row = topics_read(row, catalog);  // both ascending
  return std::includes(of_row.begin(), of_row.end(), of_old.begin(), of_old.end());
}

// Makes sure that `row` may stand beside the others; abandoned subscriptions that it replaces are erased.
Result<void> make_place(WriteTransaction& transaction, const SubscriptionRow& row, const Catalog& catalog) {
  for (const SubscriptionRow& other : all_subscriptions(transaction)) {
    if (command_taken(other, row)) {
      return conflict(fmt::format("commands for '{}' go to group '{}' already; group '{}' may not read them too",
                                  row.topic, other.group_name, row.group_name));
    }
    if (other.group_name != row.group_name || other.id == row.id) continue;
    const auto both = common_topic(other, row, catalog);
    if (!both) continue;
    if (!members_of(transaction, other.id).empty()) {
      return invalid(
          fmt::format("group '{}' would read topic '{}' twice: by '{}' and by '{}'; give one of the "
                      "subscriptions a group of its own",
                      row.group_name, *both, other.name(), row.name()));
    }
    if (covered(other, row, catalog)) transaction.erase(Tree::groups, subscription_key(other));
  }
  return {};
}

void erase_prefix(WriteTransaction& transaction, Tree tree, Bytes prefix) {
  std::vector<std::string> keys;
  for_each_with_prefix(transaction, tree, prefix, [&](Bytes key, Bytes) {
    keys.emplace_back(key);
    return true;
  });
  for (const std::string& key : keys) transaction.erase(tree, key);
}

bool same(const SubscriptionRow& row, const SubscriptionSpec& spec, std::string_view group) {
  return row.group_name == group && row.topic == spec.topic && row.pattern == spec.pattern;
}

}  // namespace

std::string encode_subscription(const SubscriptionRow& row) {
  std::string bytes;
  ByteWriter out{bytes};
  out.fixed(row.id);
  out.fixed(row.group);
  out.fixed<std::uint8_t>(row.command);
  out.fixed<std::uint8_t>(row.broadcast);
  out.fixed(row.start);
  out.varint(row.extra_topics.size());
  for (const auto& topic : row.extra_topics) out.text(topic);
  return bytes;
}

std::optional<SubscriptionRow> decode_subscription(Bytes key, Bytes value) {
  const std::size_t zero = key.find('\0');
  if (zero == Bytes::npos || key.size() < zero + 2) return std::nullopt;  // a group's own entry
  ByteReader in{value};
  SubscriptionRow row{.group_name = std::string{key.substr(0, zero)}};
  (key[zero + 1] == 't' ? row.topic : row.pattern) = std::string{key.substr(zero + 2)};
  row.id = in.fixed<std::uint32_t>();
  row.group = in.fixed<std::uint32_t>();
  row.command = in.fixed<std::uint8_t>() != 0;
  row.broadcast = in.fixed<std::uint8_t>() != 0;
  row.start = in.fixed<Sequence>();
  const std::uint64_t topics = in.varint();
  for (std::uint64_t i = 0; i < topics && in.ok(); ++i) row.extra_topics.emplace_back(in.text());
  return row;
}

std::vector<SubscriptionRow> all_subscriptions(Transaction& transaction) {
  std::vector<SubscriptionRow> rows;
  for_each_with_prefix(transaction, Tree::groups, "", [&](Bytes key, Bytes value) {
    if (auto row = decode_subscription(key, value)) rows.push_back(*std::move(row));
    return true;
  });
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return rows;
}

std::optional<SubscriptionRow> find_subscription(Transaction& transaction, std::uint32_t id) {
  for (auto& row : all_subscriptions(transaction)) {
    if (row.id == id) return std::move(row);
  }
  return std::nullopt;
}

std::optional<std::uint32_t> find_group(Transaction& transaction, std::string_view name) {
  const auto value = transaction.get(Tree::groups, group_key(name));
  if (!value) return std::nullopt;
  return ByteReader{*value}.fixed<std::uint32_t>();
}

std::string shown_group(const SubscriptionRow& row) {
  return row.broadcast ? row.group_name.substr(0, row.group_name.rfind(kInstanceMark)) : row.group_name;
}

std::string broadcast_group(std::string_view group, std::uint64_t member) {
  return fmt::format("{}{}{}", group, kInstanceMark, member);
}

std::optional<std::uint32_t> reader_of(Transaction& transaction, std::string_view group, std::uint32_t topic) {
  const Catalog catalog{transaction};
  for (const SubscriptionRow& row : all_subscriptions(transaction)) {
    const auto topics = topics_read(row, catalog);
    if (shown_group(row) == group && std::find(topics.begin(), topics.end(), topic) != topics.end()) return row.group;
  }
  return std::nullopt;
}

Result<SubscriptionRow> join_subscription(WriteTransaction& transaction, const SubscriptionSpec& spec,
                                          std::string_view group, Sequence start, const Catalog& catalog) {
  SubscriptionRow row{.group_name = std::string{group},
                      .topic = spec.topic,
                      .pattern = spec.pattern,
                      .command = spec.command,
                      .broadcast = spec.sharing == Sharing::broadcast,
                      .start = start};
  if (auto checked = check_topic(row, catalog); !checked) return checked.error();
  for (const SubscriptionRow& known : all_subscriptions(transaction)) {
    if (!same(known, spec, group)) continue;
    row.id = known.id;
    row.start = known.start;
  }
  row.extra_topics = spec.extra_topics;
  if (auto placed = make_place(transaction, row, catalog); !placed) return placed.error();
  row.group = group_id(transaction, group);
  if (row.id == 0) row.id = static_cast<std::uint32_t>(next_number(transaction, "subscriptions"));
  transaction.put(Tree::groups, subscription_key(row), encode_subscription(row));
  return row;
}

void erase_subscription(WriteTransaction& transaction, const SubscriptionRow& row) {
  transaction.erase(Tree::groups, subscription_key(row));
  erase_prefix(transaction, Tree::owners, TreeKey{}.u32(row.id));
  for (const SubscriptionRow& other : all_subscriptions(transaction)) {
    if (other.group == row.group) return;
  }
  for (const Tree tree : {Tree::progress, Tree::attempts, Tree::parked, Tree::parked_due}) {
    erase_prefix(transaction, tree, TreeKey{}.u32(row.group));
  }
  forget_group_stats(transaction, row.group);
  transaction.erase(Tree::groups, group_key(row.group_name));
}

std::vector<std::uint32_t> topics_read(const SubscriptionRow& row, const Catalog& catalog) {
  std::vector<std::uint32_t> ids;
  if (!row.topic.empty()) {
    if (const TopicRow* topic = catalog.find(row.topic)) ids.push_back(topic->id);
    return ids;
  }
  std::vector<transport::KnownTopic> known;
  for (const TopicRow& topic : catalog.topics()) known.push_back({.name = topic.name, .command = topic.command});
  const auto names = transport::pattern_topics(row.pattern, row.extra_topics, known, catalog.published());
  for (const TopicRow& topic : catalog.topics()) {
    if (names.contains(topic.name)) ids.push_back(topic.id);
  }
  return ids;
}

std::optional<std::string> slowest_group(Transaction& transaction) {
  std::map<std::uint32_t, Sequence> first_open;  // by group
  std::map<std::uint32_t, std::string> names;
  for (const SubscriptionRow& row : all_subscriptions(transaction)) {
    names.emplace(row.group, shown_group(row));
    // A subscription that settled nothing yet stands where it starts.
    if (!transaction.has_prefix(Tree::progress, TreeKey{}.u32(row.group))) first_open.emplace(row.group, row.start);
  }
  for_each_with_prefix(transaction, Tree::progress, "", [&](Bytes key, Bytes value) {
    const Sequence open = decode_progress(value).first_open();
    const auto [at, added] = first_open.emplace(progress_key(key).group, open);
    if (!added) at->second = std::min(at->second, open);
    return true;
  });
  const auto slowest = std::min_element(first_open.begin(), first_open.end(),
                                        [](const auto& a, const auto& b) { return a.second < b.second; });
  if (slowest == first_open.end()) return std::nullopt;
  return names[slowest->first];
}

}  // namespace tidings::local
