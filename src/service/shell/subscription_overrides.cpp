#include "service/shell/subscription_overrides.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "service/shell/duration_text.hpp"
#include "service/shell/nearest_name.hpp"

namespace tidings::service {
namespace {

// The words of a policy's enumeration, in the order of its values.
constexpr std::array<std::string_view, 2> words_of(RetryOrder) {
  return {"strict", "relaxed"};
}
constexpr std::array<std::string_view, 2> words_of(Unwanted) {
  return {"dead_letter", "skip"};
}
constexpr std::array<std::string_view, 2> words_of(OnTimeout) {
  return {"report", "fail"};
}

Result<void> read(std::string_view text, Duration& to) {
  const auto duration = duration_of(text);
  if (!duration) return duration.error();
  to = *duration;
  return {};
}

template <class T>
requires std::is_arithmetic_v<T> Result<void> read(std::string_view text, T& to) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), to);
  if (error == std::errc{} && end == text.data() + text.size()) return {};
  return invalid(fmt::format("'{}' is no {}number", text, std::is_integral_v<T> ? "whole " : ""));
}

template <class T>
requires std::is_enum_v<T> Result<void> read(std::string_view text, T& to) {
  constexpr auto words = words_of(T{});
  const auto found = std::ranges::find(words, text);
  if (found == words.end()) return invalid(fmt::format("'{}' is neither '{}' nor '{}'", text, words[0], words[1]));
  to = static_cast<T>(found - words.begin());
  return {};
}

template <class T>
Result<void> read(std::string_view text, std::optional<T>& to) {
  T value{};
  if (const auto done = read(text, value); !done) return done.error();
  to = value;
  return {};
}

template <class T>
std::string shown(const T& value, std::string_view unset) {
  if constexpr (std::is_same_v<T, Duration>) {
    return duration_text(value);
  } else if constexpr (std::is_enum_v<T>) {
    return std::string{words_of(T{})[static_cast<std::size_t>(value)]};
  } else if constexpr (std::is_arithmetic_v<T>) {
    return fmt::format("{}", value);
  } else {
    return value ? shown(*value, unset) : std::string{unset};
  }
}

struct Policy {
  std::string key;
  std::function<Result<void>(On&, std::string_view)> set;
  std::function<std::string(const On&)> show;
  std::function<bool(const On&)> by_program;
};

// `unset`: what an optional that nobody set comes to; empty where that depends on more than the declaration.
template <class Field>
Policy policy(std::string key, Field field, std::string_view unset = {}) {
  return {std::move(key), [field](On& on, std::string_view text) { return read(text, field(on)); },
          [field, unset](const On& on) { return shown(field(on), unset); },
          [field](const On& on) {
            const On standard;
            return field(on) != field(standard);
          }};
}

#define TIDINGS_FIELD(member) \
  [](auto& on) -> auto& {     \
    return on.member;         \
  }

const std::vector<Policy>& policies() {
  static const std::vector<Policy> all{
      policy("concurrency", TIDINGS_FIELD(concurrency), "1"),
      policy("order", TIDINGS_FIELD(order), "strict"),
      policy("in_flight_max", TIDINGS_FIELD(in_flight_max)),
      policy("crash_attempts_max", TIDINGS_FIELD(crash_attempts_max), "3"),
      policy("unhandled", TIDINGS_FIELD(unhandled), "skip"),
      policy("require_id", TIDINGS_FIELD(require_id), "skip"),
      policy("timeout", TIDINGS_FIELD(timeout)),
      policy("on_timeout", TIDINGS_FIELD(on_timeout)),
      policy("retry.attempts_max", TIDINGS_FIELD(retry.attempts_max)),
      policy("retry.delay_first", TIDINGS_FIELD(retry.delay_first)),
      policy("retry.factor", TIDINGS_FIELD(retry.factor)),
      policy("retry.delay_max", TIDINGS_FIELD(retry.delay_max)),
      policy("retry.jitter", TIDINGS_FIELD(retry.jitter)),
  };
  return all;
}

#undef TIDINGS_FIELD

const Policy* find_policy(const std::string& key) {
  const auto found = std::ranges::find(policies(), key, &Policy::key);
  return found == policies().end() ? nullptr : &*found;
}

std::string with_group(const Registration& registration, const std::string& service) {
  const std::string& group = registration.options.group;
  return (group.empty() ? service : group) + "/" + subscription_of(registration);
}

struct Override {
  std::string subscription;
  std::string key;
};

Override override_of(const FileEntry& entry) {
  Override parsed;
  if (entry.path.size() > 1) parsed.subscription = entry.path[1];
  for (std::size_t i = 2; i < entry.path.size(); ++i) parsed.key += (i > 2 ? "." : "") + entry.path[i];
  return parsed;
}

bool is_for(const Override& changed, const Registration& registration, const std::string& service) {
  return changed.subscription == subscription_of(registration) ||
         changed.subscription == with_group(registration, service);
}

bool is_override(const FileEntry& entry) {
  return entry.path.size() > 1 && entry.path.front() == "subscription";
}

std::vector<std::string> names_of(const std::vector<Registration>& registrations) {
  std::vector<std::string> names;
  for (const Registration& registration : registrations) names.push_back(subscription_of(registration));
  return names;
}

void apply_override(const FileEntry& entry, const std::string& service, std::vector<Registration>& registrations,
                    std::vector<std::string>& faults) {
  const Override changed = override_of(entry);
  const auto fault = [&](std::string what) { faults.push_back(entry.where + ": " + what); };
  const Policy* policy = find_policy(changed.key);
  if (policy == nullptr) {
    std::vector<std::string> keys;
    for (const Policy& known : policies()) keys.push_back(known.key);
    return fault(fmt::format("unknown key '{}' of a subscription{}", changed.key, did_you_mean(changed.key, keys)));
  }
  bool applied = false;
  for (Registration& registration : registrations) {
    if (!is_for(changed, registration, service)) continue;
    applied = true;
    if (const auto done = policy->set(registration.options, entry.value); !done)
      return fault(fmt::format("{}: {}", changed.key, done.error().message));
  }
  if (!applied) {
    fault(fmt::format("no subscription '{}'{}", changed.subscription,
                      did_you_mean(changed.subscription, names_of(registrations))));
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
  for (const FileEntry& entry : file) {
    if (is_override(entry)) apply_override(entry, service, registrations, faults);
  }
}

std::vector<PolicySetting> policy_settings(const std::vector<FileEntry>& file, const std::string& service,
                                           const std::vector<Registration>& registrations) {
  std::vector<PolicySetting> settings;
  std::vector<std::string> seen;
  for (const Registration& registration : registrations) {
    const std::string full = with_group(registration, service);
    if (std::ranges::find(seen, full) != seen.end()) continue;
    seen.push_back(full);
    const std::string name = registration.options.group.empty() ? subscription_of(registration) : full;
    for (const Policy& policy : policies()) {
      const std::string value = policy.show(registration.options);
      if (value.empty()) continue;
      Origin origin{policy.by_program(registration.options) ? Origin::Kind::program : Origin::Kind::standard, ""};
      for (const FileEntry& entry : file) {
        const Override changed = override_of(entry);
        if (is_override(entry) && changed.key == policy.key && is_for(changed, registration, service))
          origin = {Origin::Kind::file, entry.where};
      }
      settings.push_back({name, policy.key, value, origin});
    }
  }
  return settings;
}

}  // namespace tidings::service
