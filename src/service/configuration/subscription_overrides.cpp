#include "service/configuration/subscription_overrides.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "service/configuration/policies.hpp"
#include "text/nearest_name.hpp"

namespace tidings::service {
namespace {

constexpr std::string_view kHandler = "handler";

std::string group_of(const Registration& registration, const std::string& service) {
  const std::string& group = registration.options.group;
  return group.empty() ? service : group;
}

std::string with_group(const Registration& registration, const std::string& service) {
  return group_of(registration, service) + "/" + subscription_of(registration);
}

// One line of the file about policies.
struct Override {
  std::string subscription;  // as the file names it
  std::string handler;       // empty: all of them
  std::string key;
  std::string value;
  std::string where;
};

std::vector<Override> overrides_in(const std::vector<FileEntry>& file) {
  std::vector<Override> all;
  for (const FileEntry& entry : file) {
    const auto& path = entry.path;
    if (path.size() < 2 || path[0] != "subscription") continue;
    Override parsed{.subscription = path[1], .handler = {}, .key = {}, .value = entry.value, .where = entry.where};
    std::size_t at = 2;
    if (path.size() > 3 && path[2] == kHandler) {
      parsed.handler = path[3];
      at = 4;
    }
    for (std::size_t i = at; i < path.size(); ++i) parsed.key += (i > at ? "." : "") + path[i];
    all.push_back(std::move(parsed));
  }
  return all;
}

// The declarations of a service, and what the lines of its file have to do with them.
class Declared final {
 public:
  Declared(const std::vector<Registration>& registrations, const std::string& service)
      : registrations_{registrations}, service_{service} {
    for (const Registration& registration : registrations) names_.push_back(subscription_of(registration));
  }

  bool reads(const Override& changed, const Registration& registration) const {
    return changed.subscription == subscription_of(registration) ||
           changed.subscription == with_group(registration, service_);
  }
  bool is_for(const Override& changed, const Registration& registration) const {
    return reads(changed, registration) && (changed.handler.empty() || changed.handler == handler_name(registration));
  }

  // Those that the line may be about.
  std::vector<const Registration*> readers(const Override& changed) const {
    std::vector<const Registration*> found;
    for (const Registration& registration : registrations_) {
      if (reads(changed, registration)) found.push_back(&registration);
    }
    return found;
  }

  // What is more particular counts more.
  int weight(const Override& changed) const {
    const bool names_group = std::ranges::find(names_, changed.subscription) == names_.end();
    return (changed.handler.empty() ? 0 : 2) + (names_group ? 1 : 0);
  }

  const std::vector<std::string>& names() const { return names_; }

 private:
  const std::vector<Registration>& registrations_;
  const std::string& service_;
  std::vector<std::string> names_;  // topics and patterns
};

const Policy* find_policy(const std::string& key) {
  const auto found = std::ranges::find(policies(), key, &Policy::key);
  return found == policies().end() ? nullptr : &*found;
}

Error unknown_key(const Override& changed) {
  const std::string& key = changed.key;
  if (key.empty() || (key == kHandler && changed.handler.empty())) {
    return invalid(fmt::format("'{}' is a table: write [subscription.\"{}\".handler.\"{}\"]",
                               key.empty() ? changed.handler : key, changed.subscription,
                               key.empty() ? changed.handler : "TYPE"));
  }
  std::vector<std::string> keys;
  for (const Policy& known : policies()) keys.push_back(known.key);
  return invalid(fmt::format("unknown key '{}' of a {}{}", key, changed.handler.empty() ? "subscription" : "handler",
                             text::did_you_mean(key, keys)));
}

// Whether the line makes sense; its value, too.
Result<void> check(const Override& changed, const Declared& declared) {
  const auto readers = declared.readers(changed);
  if (readers.empty()) {
    return invalid(fmt::format("no subscription '{}'{}", changed.subscription,
                               text::did_you_mean(changed.subscription, declared.names())));
  }
  std::vector<std::string> handlers;
  std::vector<const Registration*> meant;
  for (const Registration* reader : readers) {
    handlers.push_back(handler_name(*reader));
    if (declared.is_for(changed, *reader)) meant.push_back(reader);
  }
  if (meant.empty()) {
    return invalid(fmt::format("subscription '{}' has no handler '{}'; there are: {}{}", changed.subscription,
                               changed.handler, fmt::join(handlers, ", "),
                               text::did_you_mean(changed.handler, handlers)));
  }
  const Policy* policy = find_policy(changed.key);
  if (policy == nullptr) return unknown_key(changed);
  if (policy->of == PolicyOf::subscription && !changed.handler.empty()) {
    return invalid(fmt::format("{} belongs to all handlers of a subscription: write it under [subscription.\"{}\"]",
                               changed.key, changed.subscription));
  }
  if (std::ranges::none_of(meant, [&](const Registration* each) { return has_policy(*each, policy->of); })) {
    return invalid(fmt::format("{}: {} takes no batches", changed.key,
                               changed.handler.empty() ? "no handler here" : fmt::format("'{}'", changed.handler)));
  }
  Registration trial = *meant.front();
  if (const auto set = policy->set(trial, changed.value); !set)
    return invalid(fmt::format("{}: {}", changed.key, set.error().message));
  return {};
}

// In the order in which they are applied.
std::vector<Override> in_order(std::vector<Override> all, const Declared& declared) {
  std::ranges::stable_sort(all, {}, [&](const Override& changed) { return declared.weight(changed); });
  return all;
}

// Everything that is asked for while settings are made of plans.
struct Sight {
  const std::vector<Override>& file;  // in order
  const Declared& declared;
};

Origin origin_of(const Sight& sight, const Policy& policy, const std::vector<const Registration*>& registrations) {
  Origin origin;
  for (const Registration* registration : registrations) {
    if (policy.by_program(*registration)) origin = {Origin::Kind::program, ""};
  }
  for (const Override& changed : sight.file) {
    if (changed.key == policy.key && sight.declared.is_for(changed, *registrations.front()))
      origin = {Origin::Kind::file, changed.where};
  }
  return origin;
}

// A number that the subscription has and cannot use.
std::string note_of(const Policy& policy, const SubscriptionPlan& plan) {
  if (policy.key != "concurrency" || plan.concurrency == 1) return {};
  if (plan.inbox) return "1 in effect: an inbox handles one at a time";
  const bool batches = std::ranges::any_of(plan.handlers, [](const HandlerPlan& each) { return !!each.batch; });
  return batches ? "1 in effect: batches are handled one at a time" : "";
}

void add_settings(const Sight& sight, const SubscriptionPlan& plan,
                  const std::vector<const Registration*>& registrations, const std::string& name,
                  std::vector<PolicySetting>& settings) {
  for (const Policy& policy : policies()) {
    if (policy.of != PolicyOf::subscription) continue;
    settings.push_back({name, "", policy.key, policy.show(plan, plan.handlers.front()),
                        origin_of(sight, policy, registrations), note_of(policy, plan)});
  }
  for (std::size_t i = 0; i < registrations.size(); ++i) {
    const Registration& registration = *registrations[i];
    for (const Policy& policy : policies()) {
      if (policy.of == PolicyOf::subscription || !has_policy(registration, policy.of)) continue;
      settings.push_back({name, handler_name(registration), policy.key, policy.show(plan, plan.handlers[i]),
                          origin_of(sight, policy, {&registration}), ""});
    }
  }
}

}  // namespace

std::string subscription_of(const Registration& registration) {
  if (!registration.options.pattern.empty()) return registration.options.pattern;
  if (!registration.options.topic.empty()) return registration.options.topic;
  return registration.type == nullptr ? "" : std::string{registration.type->info.stream()};
}

void apply_overrides(const std::vector<FileEntry>& file, const std::string& service,
                     std::vector<Registration>& registrations, std::vector<std::string>& faults) {
  const Declared declared{registrations, service};
  std::vector<Override> sound;
  for (Override& changed : overrides_in(file)) {
    if (const auto checked = check(changed, declared); !checked) {
      faults.push_back(fmt::format("{}: {}", changed.where, checked.error().message));
    } else {
      sound.push_back(std::move(changed));
    }
  }
  for (const Override& changed : in_order(std::move(sound), declared)) {
    const Policy& policy = *find_policy(changed.key);
    for (Registration& registration : registrations) {
      if (!declared.is_for(changed, registration) || !has_policy(registration, policy.of)) continue;
      static_cast<void>(policy.set(registration, changed.value));  // checked above
    }
  }
}

std::vector<PolicySetting> policy_settings(const std::vector<FileEntry>& file, const std::string& service,
                                           const std::vector<Registration>& registrations,
                                           const std::vector<SubscriptionPlan>& plans) {
  const Declared declared{registrations, service};
  const std::vector<Override> overrides = in_order(overrides_in(file), declared);
  std::vector<PolicySetting> settings;
  for (const SubscriptionPlan& plan : plans) {
    std::vector<const Registration*> own;  // in the order of the plan's handlers
    for (const Registration& registration : registrations) {
      const bool same = group_of(registration, service) == plan.spec.group &&
                        subscription_of(registration) == plan.name() &&
                        registration.options.pattern == plan.spec.pattern;
      if (same) own.push_back(&registration);
    }
    const bool by_service = plan.spec.group == service;
    const std::string name = by_service ? plan.name() : with_group(*own.front(), service);
    add_settings({overrides, declared}, plan, own, name, settings);
  }
  return settings;
}

}  // namespace tidings::service
