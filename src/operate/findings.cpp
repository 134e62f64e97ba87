#include "operate/findings.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "operate/display.hpp"

namespace tidings::operate {

namespace {

using transport::GroupState;
using transport::LagState;
using transport::MemberState;

Finding stopped(const GroupState& group, const MemberState& member) {
  return {.level = Level::fail,
          .check = "stopped members",
          .what = fmt::format("{}: process {} on {} is stopped; the keys of its {} partitions wait", group.name,
                              member.pid, member.host, member.partitions),
          .remedy = fmt::format("let it go on (`kill -CONT {0}`), or end it (`kill -KILL {0}`): others take over",
                                member.pid)};
}

std::uint64_t unsettled_of(const std::string& group, const std::vector<LagState>& lag) {
  std::uint64_t sum = 0;
  for (const LagState& state : lag) sum += state.group == group ? state.unsettled : 0;
  return sum;
}

bool is_full(const transport::StoreState& store) {
  const std::uint64_t room = store.bytes_max - std::min(store.bytes_used, store.bytes_max);
  return room <= std::min(kStoreFullWithin, store.bytes_max / 100);
}

}  // namespace

std::vector<Finding> stopped_members(const std::vector<GroupState>& groups) {
  std::vector<Finding> findings;
  for (const GroupState& group : groups) {
    for (const MemberState& member : group.members) {
      if (member.stopped) findings.push_back(stopped(group, member));
    }
  }
  return findings;
}

std::vector<Finding> groups_without_members(const std::vector<GroupState>& groups, const std::vector<LagState>& lag) {
  std::vector<std::string> served;
  for (const GroupState& group : groups) {
    if (!group.members.empty()) served.push_back(group.name);
  }
  std::vector<std::string> said;
  std::vector<Finding> findings;
  const auto has = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const GroupState& group : groups) {
    const std::uint64_t unsettled = unsettled_of(group.name, lag);
    if (unsettled == 0 || has(served, group.name) || has(said, group.name)) continue;
    said.push_back(group.name);
    findings.push_back(
        {.level = Level::warn,
         .check = "groups without members",
         .what = fmt::format("{}: no process serves it, and {} events wait", group.name, unsettled),
         .remedy = fmt::format("start its service, or `tidings groups remove {}` if it is gone for good", group.name)});
  }
  return findings;
}

std::vector<Finding> beyond_thresholds(const std::vector<LagState>& lag, const Thresholds& thresholds) {
  std::vector<Finding> findings;
  for (const LagState& state : lag) {
    if (state.unsettled > thresholds.queue_warn) {
      findings.push_back({.level = Level::warn,
                          .check = "lag",
                          .what = fmt::format("{} on {}: {} events wait (more than {})", state.group, state.topic,
                                              state.unsettled, thresholds.queue_warn),
                          .remedy = "look at its errors, start more instances, or raise its concurrency"});
    }
    if (state.dead > thresholds.dead_letters_warn) {
      findings.push_back(
          {.level = Level::warn,
           .check = "dead letters",
           .what = fmt::format("{} on {}: {} dead letters (more than {})", state.group, state.topic, state.dead,
                               thresholds.dead_letters_warn),
           .remedy = fmt::format("`tidings dead list --group {}`, then replay or discard them", state.group)});
    }
  }
  return findings;
}

std::vector<Finding> lost_to_retention(const std::vector<LagState>& lag) {
  std::vector<Finding> findings;
  for (const LagState& state : lag) {
    if (state.expired == 0) continue;
    findings.push_back(
        {.level = Level::warn,
         .check = "retention",
         .what = fmt::format("{} on {}: retention removed {} events that it had not settled", state.group, state.topic,
                             state.expired),
         .remedy = fmt::format("they are gone; `tidings topics set {} --retain-unsettled keep` keeps those to come, "
                               "`tidings groups remove {}` ends it if it is gone for good",
                               state.topic, state.group)});
  }
  return findings;
}

std::vector<Finding> in_one_queue(const std::vector<LagState>& lag) {
  std::vector<Finding> findings;
  for (const LagState& state : lag) {
    if (state.unkeyed == 0) continue;
    findings.push_back(
        {.level = Level::warn,
         .check = "keys",
         .what = fmt::format("{} on {}: {} events of others came without the slot of their key since its "
                             "members began, and all of them share its first queue",
                             state.group, state.topic, state.unkeyed),
         .remedy = "where that is too many, let who publishes them set the header `tidings-slot-...` "
                   "(docs/wire.md, \"Keys and queues on RabbitMQ\")"});
  }
  return findings;
}

Finding store_room(const transport::StoreState& store) {
  const double share =
      store.bytes_max == 0 ? 1.0 : static_cast<double>(store.bytes_used) / static_cast<double>(store.bytes_max);
  Finding finding{.level = Level::ok,
                  .check = "store",
                  .what = fmt::format("{} of {} used ({:.0f}%)", bytes_text(store.bytes_used),
                                      bytes_text(store.bytes_max), 100 * share)};
  if (is_full(store)) {
    finding.level = Level::fail;
    finding.what += ": it is full, publishes are refused now";
    finding.remedy =
        "make room: groups that are behind must catch up (`tidings lag`), those that are gone be removed (`tidings "
        "groups remove`), topics may keep less (`tidings topics set`); or raise the limit (size_max)";
    return finding;
  }
  if (share < kStoreWarn) return finding;
  finding.level = share < kStoreFail ? Level::warn : Level::fail;
  finding.remedy =
      "when it is full, publishes are refused: see `tidings lag` for who is behind, remove groups that are gone, or "
      "raise the limit (size_max)";
  return finding;
}

}  // namespace tidings::operate
