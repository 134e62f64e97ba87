#include "service/configuration/topic_overrides.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "text/nearest_name.hpp"
#include "text/retention_text.hpp"

namespace tidings::service {
namespace {

using transport::Retention;

constexpr std::string_view kUnsaid = "default";

// One member of a retention as a key of the file.
struct Key {
  std::string name;
  Result<void> (*set)(Retention&, std::string_view);
  std::string (*show)(const Retention&);
};

template <auto Member, auto Read>
Result<void> set(Retention& retention, std::string_view text) {
  if (text == kUnsaid) {
    (retention.*Member).reset();
    return {};
  }
  const auto value = Read(text);
  if (!value) return value.error();
  retention.*Member = *value;
  return {};
}

template <auto Member, auto Text>
std::string show(const Retention& retention) {
  return retention.*Member ? Text(*(retention.*Member)) : std::string{kUnsaid};
}

template <auto Member, auto Read, auto Text>
Key key(std::string name) {
  return {std::move(name), set<Member, Read>, show<Member, Text>};
}

const std::array<Key, 3>& keys() {
  static const std::array<Key, 3> all{
      key<&Retention::age, text::retention_age_of, text::retention_age_text>("retention_age"),
      key<&Retention::bytes, text::retention_size_of, text::retention_size_text>("retention_size"),
      key<&Retention::unsettled, text::unsettled_of, text::unsettled_text>("retention_unsettled")};
  return all;
}

const Key* find_key(const std::string& name) {
  const auto found = std::ranges::find(keys(), name, &Key::name);
  return found == keys().end() ? nullptr : &*found;
}

std::vector<std::string> topics_of(const std::vector<const EventType*>& published) {
  std::vector<std::string> names;
  for (const EventType* type : published) {
    std::string name{type->info.stream()};
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  }
  return names;
}

bool is_override(const FileEntry& entry) {
  return entry.path.size() > 1 && entry.path.front() == "topic";
}

std::string key_of(const FileEntry& entry) {
  return fmt::format("{}", fmt::join(entry.path.begin() + 2, entry.path.end(), "."));
}

Result<void> check(const FileEntry& entry, const std::vector<std::string>& published) {
  const std::string& topic = entry.path[1];
  if (std::ranges::find(published, topic) == published.end()) {
    return invalid(fmt::format("this service publishes to no topic '{}'; to: {}{}", topic,
                               published.empty() ? "none" : fmt::format("{}", fmt::join(published, ", ")),
                               text::did_you_mean(topic, published)));
  }
  const std::string name = key_of(entry);
  const Key* known = find_key(name);
  if (known == nullptr) {
    std::vector<std::string> names;
    for (const Key& each : keys()) names.push_back(each.name);
    return invalid(fmt::format("unknown key '{}' of a topic{}", name, text::did_you_mean(name, names)));
  }
  Retention trial;
  const auto done = known->set(trial, entry.value);
  return done ? done : invalid(fmt::format("{}: {}", name, done.error().message));
}

}  // namespace

void apply_topic_overrides(const std::vector<FileEntry>& file, const std::vector<const EventType*>& published,
                           std::vector<DeclaredTopic>& topics, std::vector<std::string>& faults) {
  const auto names = topics_of(published);
  for (const FileEntry& entry : file) {
    if (!is_override(entry)) continue;
    if (const auto checked = check(entry, names); !checked) {
      faults.push_back(fmt::format("{}: {}", entry.where, checked.error().message));
      continue;
    }
    const std::string& topic = entry.path[1];
    if (std::ranges::find(topics, topic, &DeclaredTopic::topic) == topics.end()) topics.push_back({topic, {}});
    for (DeclaredTopic& declared : topics) {
      if (declared.topic != topic) continue;
      static_cast<void>(find_key(key_of(entry))->set(declared.policy.retention, entry.value));  // checked above
    }
  }
}

std::vector<TopicSetting> topic_settings(const std::vector<FileEntry>& file,
                                         const std::vector<const EventType*>& published,
                                         const std::vector<DeclaredTopic>& topics) {
  std::vector<TopicSetting> settings;
  for (const std::string& topic : topics_of(published)) {
    Retention retention;
    for (const DeclaredTopic& declared : topics) {
      if (declared.topic == topic) retention = transport::changed(retention, declared.policy.retention);
    }
    for (const Key& key : keys()) {
      TopicSetting setting{topic, key.name, key.show(retention), {}};
      if (setting.value != kUnsaid) setting.origin = {Origin::Kind::program, ""};
      for (const FileEntry& entry : file) {
        if (!is_override(entry) || entry.path[1] != topic || key_of(entry) != key.name) continue;
        static_cast<void>(key.set(retention, entry.value));
        setting.value = key.show(retention);
        setting.origin = {Origin::Kind::file, entry.where};
      }
      settings.push_back(std::move(setting));
    }
  }
  return settings;
}

}  // namespace tidings::service
