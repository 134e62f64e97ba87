#include "transport/driver/registrations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "tidings/time_text.hpp"

namespace tidings::transport {

namespace {

constexpr std::string_view kGroups = "group/";
constexpr std::string_view kCommands = "command/";
constexpr std::string_view kRemoved = "removed/";
constexpr Duration kJoinWithin = std::chrono::seconds{30};   // from its announcement
constexpr Duration kAgreeWithin = std::chrono::seconds{20};  // on a group's record, while others change it

// Entries of one name besides the newest; the oldest go.
constexpr std::size_t kNamesakesMax = 8;

bool is_same_process(const GroupMember& one, const GroupMember& other) {
  return one.host == other.host && one.pid == other.pid;
}

std::string key_of(std::string_view kind, std::string_view name) {
  return std::string{kind} + std::string{name};
}

GroupSubscription& find_or_add(GroupRecord& record, const SubscriptionSpec& spec) {
  auto& all = record.subscriptions;
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& there) { return there.is_of(spec); });
  if (found != all.end()) return *found;
  all.push_back({.topic = spec.topic, .pattern = spec.pattern, .sharing = spec.sharing});
  return all.back();
}

}  // namespace

SubscriptionSpec spec_of(const std::string& group, const GroupSubscription& subscription) {
  return {.group = group,
          .topic = subscription.topic,
          .pattern = subscription.pattern,
          .extra_topics = subscription.extra_topics,
          .queue = subscription.queue,
          .sharing = subscription.sharing};
}

Result<void> Registrations::join(const SubscriptionSpec& spec, const GroupMember& member) {
  if (auto fine = check(spec); !fine) return fine;
  if (spec.command) {
    if (auto claimed = claim_command(spec); !claimed) return claimed;
  }
  return change(spec.group, [&](GroupRecord& record) -> Result<void> {
    if (auto fine = check_overlap(spec, record); !fine) return fine;
    GroupSubscription& mine = find_or_add(record, spec);
    mine.extra_topics = spec.extra_topics;
    mine.queue = spec.queue;
    return replace(spec.group, mine, member);
  });
}

// Another process of that name that is there still stays beside it: it may outlive the new one.
Result<void> Registrations::replace(const std::string& group, GroupSubscription& there, const GroupMember& member) {
  GroupSubscription of_name = there;
  of_name.members.clear();
  std::erase_if(there.members, [&](const GroupMember& other) {
    if (other.instance != member.instance) return false;
    if (!is_same_process(other, member)) of_name.members.push_back(other);
    return true;
  });
  if (!of_name.members.empty()) {
    const auto present = view_->present(group, of_name);
    if (!present) return present.error();
    if (present->empty()) of_name.members.clear();
  }
  const std::size_t too_many = of_name.members.size() - std::min(of_name.members.size(), kNamesakesMax);
  there.members.insert(there.members.end(), of_name.members.begin() + static_cast<std::ptrdiff_t>(too_many),
                       of_name.members.end());
  there.members.push_back(member);
  return {};
}

Result<void> Registrations::know(const SubscriptionSpec& spec) {
  return change(spec.group, [&](GroupRecord& record) -> Result<void> {
    find_or_add(record, spec);
    return {};
  });
}

Result<void> Registrations::leave(const SubscriptionSpec& spec, const GroupMember& member) {
  return change(spec.group, [&](GroupRecord& record) -> Result<void> {
    for (GroupSubscription& there : record.subscriptions) {
      if (!there.is_of(spec)) continue;
      std::erase_if(there.members, [&](const auto& other) {
        return other.instance == member.instance && is_same_process(other, member);
      });
    }
    return {};
  });
}

Result<void> Registrations::change(const std::string& group, const std::function<Result<void>(GroupRecord&)>& how) {
  const Time deadline = executor_->now() + kAgreeWithin;
  for (;;) {
    const auto there = records_->get(key_of(kGroups, group));
    if (!there) return there.error();
    GroupRecord record = group_record(group, *there ? (*there)->value : "");
    const GroupRecord before = record;
    if (auto changed = how(record); !changed) return changed;
    if (record == before) return {};
    const std::uint64_t version = *there ? (*there)->version : 0;
    const auto put = records_->put(key_of(kGroups, group), text_of(record), {.expected = version});
    if (put) return {};
    if (put.error().kind != ErrorKind::conflict || executor_->now() >= deadline) return put.error();
  }
}

Result<void> Registrations::check(const SubscriptionSpec& spec) {
  if (spec.topic.empty() == spec.pattern.empty()) {
    return invalid(fmt::format("a subscription of group '{}' names either a topic or a pattern, not '{}' and '{}'",
                               spec.group, spec.topic, spec.pattern));
  }
  if (spec.in_flight_max == 0 || spec.in_flight_bytes_max == 0) {
    return invalid(fmt::format(
        "in_flight_max or in_flight_bytes_max of group '{}' is 0: it would never receive anything", spec.group));
  }
  if (auto named = view_->check_names(spec); !named) return named;
  if (!spec.pattern.empty()) {
    if (!spec.command) return {};
    return invalid(fmt::format("commands have no patterns: name the destination that '{}' reads", spec.pattern));
  }
  return check_topic(spec);
}

Result<void> Registrations::check_topic(const SubscriptionSpec& spec) {
  const auto there = view_->topic(spec.topic);
  if (!there) return there.error();
  if (!*there) {
    return invalid(fmt::format("group '{}' cannot read it: {}", spec.group, view_->missing(spec.topic).message));
  }
  if ((*there)->command == spec.command) return {};
  return invalid(fmt::format("'{}' holds {}: group '{}' must subscribe to it so", spec.topic,
                             (*there)->command ? "commands" : "events", spec.group));
}

Result<void> Registrations::claim_command(const SubscriptionSpec& spec) {
  const std::string key = key_of(kCommands, spec.topic);
  const auto owner = [&]() -> Result<std::optional<std::string>> {
    const auto record = records_->get(key);
    if (!record) return record.error();
    return *record ? std::optional{(*record)->value} : std::nullopt;
  };
  auto claimed = owner();
  if (claimed && !*claimed) {
    const auto put = records_->put(key, spec.group, {.expected = 0});
    if (put) return {};
    if (put.error().kind != ErrorKind::conflict) return put.error();
    claimed = owner();
  }
  if (!claimed) return claimed.error();
  if (*claimed == spec.group) return {};
  return conflict(fmt::format("the commands of '{}' go to group '{}' already; a command has one subscription",
                              spec.topic, claimed->value_or("")));
}

// A group reads each topic by one subscription.
Result<void> Registrations::check_overlap(const SubscriptionSpec& spec, const GroupRecord& record) {
  for (const GroupSubscription& there : record.subscriptions) {
    if (there.is_of(spec) || there.members.empty()) continue;
    const auto wanted = topics_read(spec);
    const auto taken = topics_read(spec_of(record.group, there));
    if (!wanted || !taken) return wanted ? taken.error() : wanted.error();
    const auto shared = std::find_if(wanted->begin(), wanted->end(),
                                     [&taken](const std::string& topic) { return taken->contains(topic); });
    if (shared == wanted->end()) continue;
    const auto live = living(record.group, there);
    if (!live) return live.error();
    if (live->empty()) continue;
    return invalid(
        fmt::format("group '{}' reads topic '{}' by its subscription to '{}' already: give the one to "
                    "'{}' a group of its own",
                    spec.group, *shared, there.name(), spec.topic.empty() ? spec.pattern : spec.topic));
  }
  return {};
}

Result<std::set<std::string>> Registrations::topics_read(const SubscriptionSpec& spec) {
  if (!spec.topic.empty()) return std::set<std::string>{spec.topic};
  const auto known = view_->topics();
  if (!known) return known.error();
  const auto declared = control_->list(kPublishedPrefix);
  if (!declared) return declared.error();
  std::vector<PublishedType> published;
  for (const auto& record : *declared) {
    if (auto type = published_from_key(record.key)) published.push_back(*std::move(type));
  }
  return pattern_topics(spec.pattern, spec.extra_topics, *known, published);
}

Result<std::vector<GroupRecord>> Registrations::groups() {
  const auto records = records_->list(kGroups);
  if (!records) return records.error();
  std::vector<GroupRecord> groups;
  for (const auto& record : *records) groups.push_back(group_record(record.key.substr(kGroups.size()), record.value));
  return groups;
}

Result<GroupRecord> Registrations::group(const std::string& name) {
  const auto record = records_->get(key_of(kGroups, name));
  if (!record) return record.error();
  if (!*record) return invalid(fmt::format("there is no group '{}'", name));
  return group_record(name, (*record)->value);
}

Result<std::vector<GroupMember>> Registrations::living(const std::string& group, const GroupSubscription& there) {
  const auto present = view_->present(group, there);
  if (!present) return present.error();
  std::map<std::string, GroupMember> live;
  for (const GroupMember& member : there.members) {
    const bool coming = member.joined + kJoinWithin > executor_->now();
    if (coming || present->contains(member.instance)) live.insert_or_assign(member.instance, member);
  }
  std::vector<GroupMember> members;
  for (auto& [instance, member] : live) members.push_back(std::move(member));
  return members;
}

Result<void> Registrations::check_gone(const GroupRecord& record) {
  std::size_t count = 0;
  for (const GroupSubscription& subscription : record.subscriptions) {
    const auto live = living(record.group, subscription);
    if (!live) return live.error();
    count += live->size();
  }
  if (count == 0) return {};
  return conflict(fmt::format("group '{}' has {} live members: stop them first", record.group, count));
}

Result<void> Registrations::remove(const std::string& group) {
  const auto there = this->group(group);
  if (!there) return there.error();
  if (auto gone = check_gone(*there); !gone) return gone;
  const auto commands = records_->list(kCommands);
  if (!commands) return commands.error();
  for (const auto& record : *commands) {
    if (record.value != group) continue;
    if (const auto erased = records_->put(record.key, std::nullopt, {}); !erased) return erased.error();
  }
  const auto time = records_->put(key_of(kRemoved, group), to_text(executor_->now()), {});
  if (!time) return time.error();
  // Last: while it is there, all that comes before is done again by who is asked again.
  const auto erased = records_->put(key_of(kGroups, group), std::nullopt, {});
  return erased ? Result<void>{} : erased.error();
}

Result<std::optional<Time>> Registrations::removed(const std::string& group) {
  const auto record = records_->get(key_of(kRemoved, group));
  if (!record) return record.error();
  if (!*record) return std::optional<Time>{};
  const auto time = time_of((*record)->value);
  return time ? std::optional{*time} : std::optional<Time>{};
}

}  // namespace tidings::transport
