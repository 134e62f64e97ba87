#include "transport/local/tables/absence.hpp"

#include <optional>
#include <set>
#include <string>

#include "transport/local/tables/member_table.hpp"
#include "transport/local/tables/subscriptions.hpp"
#include "transport/local/tables/topic_stats.hpp"

namespace tidings::local {

namespace {

void put_absence(WriteTransaction& transaction, std::uint32_t group, Time since) {
  std::string value;
  ByteWriter{value}.time(since);
  transaction.put(Tree::stats, group_stats_key(group), value);
}

std::optional<Time> absence_of(Transaction& transaction, std::uint32_t group) {
  const auto value = transaction.get(Tree::stats, group_stats_key(group));
  return value ? ByteReader{*value}.time() : std::nullopt;
}

std::set<std::uint32_t> groups_without_members(Transaction& transaction) {
  std::set<std::uint32_t> served, absent;
  for (const MemberRow& member : all_members(transaction)) served.insert(member.subscription);
  const auto subscriptions = all_subscriptions(transaction);
  for (const SubscriptionRow& row : subscriptions) absent.insert(row.group);
  for (const SubscriptionRow& row : subscriptions) {
    if (served.contains(row.id)) absent.erase(row.group);
  }
  return absent;
}

}  // namespace

void end_absence(WriteTransaction& transaction, std::uint32_t group) {
  transaction.erase(Tree::stats, group_stats_key(group));
}

void begin_absence(WriteTransaction& transaction, std::uint32_t group, Time now) {
  if (groups_without_members(transaction).contains(group)) put_absence(transaction, group, now);
}

std::map<std::uint32_t, Time> absent_groups(Transaction& transaction) {
  std::map<std::uint32_t, Time> absent;
  for (const std::uint32_t group : groups_without_members(transaction)) {
    if (const auto since = absence_of(transaction, group)) absent.emplace(group, *since);
  }
  return absent;
}

bool any_undated_absence(Transaction& transaction) {
  for (const std::uint32_t group : groups_without_members(transaction)) {
    if (!absence_of(transaction, group)) return true;
  }
  return false;
}

void date_absences(WriteTransaction& transaction, Time now) {
  for (const std::uint32_t group : groups_without_members(transaction)) {
    if (!absence_of(transaction, group)) put_absence(transaction, group, now);
  }
}

}  // namespace tidings::local
