#include "operate/topology.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace tidings::operate {

namespace {

using transport::GroupState;
using transport::LagState;
using transport::TopicState;
using transport::Transport;

constexpr std::size_t kNamesShown = 20;

template <class Interface>
Result<Interface*> offered(Transport& transport, Interface* interface, std::string_view what) {
  if (interface != nullptr) return interface;
  return unsupported(fmt::format("transport `{}:` offers no {}; use the broker's own tools for it",
                                 transport.capabilities().scheme, what));
}

LagRow row_of(const LagState& state, Time now) {
  LagRow row{.group = state.group,
             .topic = state.topic,
             .unsettled = state.unsettled,
             .waiting = state.waiting,
             .dead = state.dead,
             .oldest = state.oldest,
             .age_seconds = {},
             .expired = state.expired,
             .unkeyed = {}};
  if (state.unkeyed > 0) row.unkeyed = state.unkeyed;
  if (state.oldest) row.age_seconds = std::chrono::duration<double>(std::max(now - *state.oldest, Duration{})).count();
  return row;
}

void append(std::vector<Finding>& to, std::vector<Finding> from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

// For people and scripts: no end is no bound.
void leave_out_endless(transport::Retention& retention) {
  if (retention.age == transport::Retention::kAgeEndless) retention.age.reset();
  if (retention.bytes == transport::Retention::kBytesEndless) retention.bytes.reset();
}

std::string names_of(const std::vector<std::string>& names) {
  if (names.empty()) return "there is none";
  const std::vector<std::string> shown(
      names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), kNamesShown)));
  return fmt::format("there are: {}{}", fmt::join(shown, ", "), names.size() > kNamesShown ? ", ..." : "");
}

// Null: it is not there.
const TopicState* find_topic(const TopicsReport& report, const std::string& name) {
  const auto found = std::ranges::find(report.topics, name, &TopicState::name);
  return found == report.topics.end() ? nullptr : &*found;
}

}  // namespace

Result<transport::Topology*> topology_of(Transport& transport) {
  return offered(transport, transport.operations().topology, "topology");
}

Result<transport::DeadLetters*> dead_letters_of(Transport& transport) {
  return offered(transport, transport.operations().dead_letters, "dead letters");
}

Result<transport::History*> history_of(Transport& transport) {
  return offered(transport, transport.operations().history, "history");
}

Result<transport::Backup*> backup_of(Transport& transport) {
  if (transport::Backup* backup = transport.operations().backup) return backup;
  return unsupported(
      fmt::format("transport `{}:` makes no backup: its broker keeps copies of what it has, and its own tools copy all "
                  "of it; docs/guides/backup.md says what belongs into such a copy",
                  transport.capabilities().scheme));
}

Result<TopicsReport> topics(Transport& transport) {
  const auto topology = topology_of(transport);
  if (!topology) return topology.error();
  auto states = (*topology)->topics();
  if (!states) return states.error();
  std::sort(states->begin(), states->end(), [](const TopicState& a, const TopicState& b) { return a.name < b.name; });
  for (TopicState& state : *states) leave_out_endless(state.retention);
  return TopicsReport{*std::move(states)};
}

Result<GroupsReport> groups(Transport& transport) {
  const auto topology = topology_of(transport);
  if (!topology) return topology.error();
  auto states = (*topology)->groups();
  if (!states) return states.error();
  std::sort(states->begin(), states->end(), [](const GroupState& a, const GroupState& b) {
    return std::tie(a.name, a.topic, a.pattern) < std::tie(b.name, b.topic, b.pattern);
  });
  return GroupsReport{*std::move(states)};
}

Result<LagReport> lag(Transport& transport, Time now, const Thresholds& thresholds) {
  const auto topology = topology_of(transport);
  if (!topology) return topology.error();
  auto states = (*topology)->lag();
  if (!states) return states.error();
  const auto all_groups = (*topology)->groups();
  if (!all_groups) return all_groups.error();
  std::sort(states->begin(), states->end(), [](const LagState& a, const LagState& b) {
    return std::tie(a.group, a.topic) < std::tie(b.group, b.topic);
  });
  LagReport report;
  for (const LagState& state : *states) report.lag.push_back(row_of(state, now));
  append(report.warnings, stopped_members(*all_groups));
  append(report.warnings, groups_without_members(*all_groups, *states));
  append(report.warnings, beyond_thresholds(*states, thresholds));
  append(report.warnings, lost_to_retention(*states));
  append(report.warnings, in_one_queue(*states));
  return report;
}

Result<transport::Retention> set_retention(Transport& transport, const Topic& topic,
                                           const transport::Retention& change) {
  const auto topology = topology_of(transport);
  if (!topology) return topology.error();
  if (auto set = (*topology)->set_retention(topic.str(), change); !set) {
    const auto known = expect_topic(transport, topic);
    return set.error().kind == ErrorKind::invalid && !known ? known.error() : set.error();
  }
  const auto all = topics(transport);
  if (!all) return all.error();
  const TopicState* state = find_topic(*all, topic.str());
  return state == nullptr ? change : state->retention;  // of the transport's own: nobody tells more
}

Result<TopicCreation> create_topic(Transport& transport, const transport::TopicSpec& spec,
                                   std::optional<std::int32_t> replication, const std::vector<std::string>& types) {
  const auto topology = topology_of(transport);
  if (!topology) return topology.error();
  const auto before = topics(transport);
  if (!before) return before.error();
  TopicCreation creation{.created = find_topic(*before, spec.name) == nullptr, .topic = {}};
  auto made = (*topology)->create_topic(spec, replication);
  if (!made && made.error().kind == ErrorKind::unsupported && !replication) {
    made = transport.declare({.topics = {spec}, .published = {}});
  }
  if (!made) return made.error();
  transport::Declaration published;
  for (const std::string& type : types) published.published.push_back({.type = type, .topic = spec.name});
  if (!types.empty()) {
    if (auto declared = transport.declare(published); !declared) return declared.error();
  }
  const auto after = topics(transport);
  if (!after) return after.error();
  if (const TopicState* found = find_topic(*after, spec.name)) creation.topic = *found;
  return creation;
}

Result<TopicRepartition> repartition(Transport& transport, const Topic& topic, std::int32_t partitions) {
  if (auto known = expect_topic(transport, topic); !known) return known.error();
  const auto topology = topology_of(transport);
  if (!topology) return topology.error();
  auto change = (*topology)->repartition(topic.str(), partitions);
  if (!change) return change.error();
  return TopicRepartition{.topic = foreign_name(topic.str()),
                          .from = change->from,
                          .to = change->to,
                          .done = change->done,
                          .held_by = std::move(change->held_by)};
}

Result<void> create_group(Transport& transport, const transport::SubscriptionSpec& subscription) {
  if (!subscription.topic.empty()) {
    if (auto known = expect_topic(transport, Topic{subscription.topic}); !known) return known;
  }
  const auto topology = topology_of(transport);
  if (!topology) return topology.error();
  return (*topology)->create_group(subscription);
}

Result<void> remove_group(Transport& transport, const Group& group) {
  const auto all = groups(transport);
  if (!all) return all.error();
  std::vector<std::string> names;
  for (const GroupState& state : all->groups) {
    if (names.empty() || names.back() != state.name) names.push_back(state.name);
  }
  if (std::find(names.begin(), names.end(), group.str()) == names.end()) {
    return invalid(fmt::format("there is no group '{}'; {}", group.str(), names_of(names)));
  }
  const auto topology = topology_of(transport);
  if (!topology) return topology.error();
  if (auto removed = (*topology)->remove_group(group.str()); !removed) return removed;
  // Where its inbox is (docs/wire.md, "Control"): a new group of that name may have another one.
  auto forgotten = transport.control().put("inbox/" + group.str(), std::nullopt, {});
  return forgotten ? Result<void>{} : forgotten.error();
}

Result<void> expect_topic(Transport& transport, const Topic& topic) {
  if (transport.operations().topology == nullptr) return {};
  const auto all = topics(transport);
  if (!all) return all.error();
  std::vector<std::string> names;
  for (const TopicState& state : all->topics) names.push_back(state.name);
  if (std::find(names.begin(), names.end(), topic.str()) != names.end()) return {};
  return invalid(fmt::format("there is no topic '{}'; {}", topic.str(), names_of(names)));
}

}  // namespace tidings::operate
