#include "transport/kafka/control/catalog.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <chrono>

#include "transport/driver/pattern_topics.hpp"
#include "transport/kafka/client/kafka_limits.hpp"

namespace tidings::kafka {

using transport::Declaration;
using transport::PublishedType;
using transport::Retention;
using transport::TopicSpec;
using transport::Unsettled;

namespace {

constexpr std::string_view kAge = "retention.ms";
constexpr std::string_view kBytes = "retention.bytes";
constexpr std::size_t kDeadEnding = 4;  // `.dlq`
constexpr int kAgreeTriesMax = 10;

std::string age_text(Duration age) {
  if (age == Retention::kAgeEndless) return "-1";
  return std::to_string(std::chrono::ceil<std::chrono::milliseconds>(age).count());
}
// Kafka counts the bytes of each partition.
std::string bytes_text(std::uint64_t bytes, std::int32_t partitions) {
  if (bytes == Retention::kBytesEndless) return "-1";
  const auto parts = static_cast<std::uint64_t>(std::max(1, partitions));
  return std::to_string(bytes / parts + (bytes % parts != 0 ? 1 : 0));
}

TopicConfig config_for(const Retention& retention, std::int32_t partitions) {
  TopicConfig config;
  if (retention.age) config.emplace(kAge, age_text(*retention.age));
  if (retention.bytes) config.emplace(kBytes, bytes_text(*retention.bytes, partitions));
  return config;
}

std::optional<std::int64_t> number_of(const TopicConfig& config, std::string_view name) {
  const auto found = config.find(name);
  if (found == config.end()) return std::nullopt;
  std::int64_t number = 0;
  const auto& text = found->second;
  if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc{}) return std::nullopt;
  return number;
}

Result<void> check_retention(std::string_view topic, const Retention& retention) {
  const auto faults = transport::validate(retention);
  if (!faults.empty()) return invalid(fmt::format("topic '{}': {}", topic, faults.front()));
  if (retention.unsettled == Unsettled::keep) {
    return unsupported(
        fmt::format("topic '{}' cannot keep what a group has not settled: Kafka's retention asks no "
                    "group. Give it an age that no group is behind, or kAgeEndless",
                    topic));
  }
  return {};
}

Error differs(const TopicSpec& spec, std::string_view what) {
  return conflict(
      fmt::format("topic '{}' exists with {}; declare it as it is, or choose another name", spec.name, what));
}

NewTopic new_topic(const Cluster& cluster, const TopicSpec& spec) {
  const auto partitions = spec.partitions.value_or(cluster.options().partitions);
  return {cluster.names().on_cluster(spec.name), partitions, config_for(spec.retention, partitions)};
}

Result<void> check_spec(const TopicNames& names, const TopicSpec& spec) {
  if (auto named = check_kafka_name(names, "topic", spec.name); !named) return named;
  if (is_internal(spec.name)) {
    return invalid(
        fmt::format("'{}' is a name of topics that Tidings or Kafka keeps for itself: choose another", spec.name));
  }
  if (spec.partitions && (*spec.partitions < 1 || *spec.partitions > kPartitionsMax)) {
    return invalid(
        fmt::format("topic '{}' cannot have {} partitions: 1 to {}", spec.name, *spec.partitions, kPartitionsMax));
  }
  return check_retention(spec.name, spec.retention);
}

}  // namespace

Result<void> check_kafka_name(const TopicNames& names, std::string_view what, std::string_view name) {
  const std::size_t max = kTopicNameMax - kDeadEnding - std::min(names.on_cluster("").size(), kTopicNameMax / 2);
  const bool fits = !name.empty() && name.size() <= max && name != "." && name != "..";
  const auto is_taken = [](unsigned char c) { return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-'; };
  if (fits && std::all_of(name.begin(), name.end(), is_taken)) return {};
  return invalid(
      fmt::format("'{}' is no name of a {}: it has 1 to {} letters, digits, '.', '_' and '-'", name, what, max));
}

Result<void> Catalog::declare(const Declaration& declaration) {
  for (const TopicSpec& spec : declaration.topics) {
    if (auto fine = check_spec(cluster_->names(), spec); !fine) return fine;
  }
  const auto there = cluster_->topics();
  if (!there) return there.error();
  std::vector<TopicSpec> missing;
  for (const TopicSpec& spec : declaration.topics) {
    if (!there->contains(cluster_->names().on_cluster(spec.name))) missing.push_back(spec);
  }
  if (auto created = create(missing); !created) return created;
  for (const TopicSpec& spec : declaration.topics) {
    const auto partitions = cluster_->partitions(cluster_->names().on_cluster(spec.name));
    if (!partitions) return partitions.error();
    if (auto agreed = agree(spec, partitions->value_or(0)); !agreed) return agreed;
  }
  return publish_types(declaration.published);
}

Result<void> Catalog::create(std::span<const TopicSpec> missing) {
  if (missing.empty()) return {};
  if (cluster_->options().create_topics == CreateTopics::no) {
    return missing_topic(missing.front().name);
  }
  std::vector<NewTopic> topics;
  for (const TopicSpec& spec : missing) topics.push_back(new_topic(*cluster_, spec));
  return create_topics(*cluster_, topics);
}

Result<void> Catalog::create_topic(const TopicSpec& spec, std::optional<std::int32_t> replication) {
  if (auto fine = check_spec(cluster_->names(), spec); !fine) return fine;
  if (replication && (*replication < 1 || *replication > kReplicationMax)) {
    return invalid(fmt::format("topic '{}' cannot have {} copies: 1 to {}, and no more than there are brokers",
                               spec.name, *replication, kReplicationMax));
  }
  NewTopic topic = new_topic(*cluster_, spec);
  topic.replication = replication;
  const auto there = cluster_->topics();
  if (!there) return there.error();
  const auto found = there->find(topic.name);
  const std::int32_t partitions = found == there->end() ? topic.partitions : found->second;
  if (found != there->end()) {
    if (auto same = expect_set_so(spec, partitions, replication); !same) return same;
  } else if (auto created = create_topics(*cluster_, {&topic, 1}); !created) {
    return created;
  }
  return agree(spec, partitions);
}

// What a declaration may set later, whoever creates a topic means to have found.
Result<void> Catalog::expect_set_so(const TopicSpec& spec, std::int32_t partitions,
                                    std::optional<std::int32_t> replication) {
  if (spec.partitions && *spec.partitions != partitions) {
    return differs(spec, fmt::format("{} partitions", partitions));
  }
  const std::string name = cluster_->names().on_cluster(spec.name);
  const auto copies = cluster_->copies(name);
  if (!copies) return copies.error();
  if (replication && *replication != *copies) return differs(spec, fmt::format("replication {}", *copies));
  const auto config = config_of(*cluster_, name);
  if (!config) return config.error();
  for (const auto& [setting, value] : config_for(spec.retention, partitions)) {
    const auto found = config->find(setting);
    if (found == config->end() || found->second == value) continue;
    return conflict(fmt::format("topic '{}' exists with {}={}, not {}; `tidings topics set {}` changes what it keeps",
                                spec.name, setting, found->second, value, spec.name));
  }
  return {};
}

// What was declared is a fact that all agree on: whoever comes second at the same time looks again.
Result<void> Catalog::agree(const TopicSpec& spec, std::int32_t partitions) {
  if (spec.partitions && *spec.partitions != partitions) {
    return differs(spec, fmt::format("{} partitions", partitions));
  }
  Retention wanted = spec.retention;
  wanted.unsettled.reset();
  for (int tries = 0; tries < kAgreeTriesMax; ++tries) {
    auto fact = facts_.of(spec.name);
    if (!fact) return fact.error();
    const bool known = fact->version != 0;
    if (known && fact->command != spec.command) {
      return differs(spec, fact->command ? "commands" : "events, not commands");
    }
    if (const auto field = transport::difference(fact->retention, wanted); !field.empty()) {
      return differs(spec, fmt::format("another retention.{}", field));
    }
    const Retention both = transport::changed(fact->retention, wanted);
    if (known && both == fact->retention) return {};
    // Kafka's setting first: a fact that is there is in effect.
    if (auto done = set(spec.name, partitions, wanted); !done) return done;
    fact->command = spec.command;
    fact->retention = both;
    const auto put = facts_.put(spec.name, *fact);
    if (put || put.error().kind != ErrorKind::conflict) return put;
  }
  return conflict(fmt::format("topic '{}' is being declared by others all the time: try again", spec.name));
}

Result<void> Catalog::publish_types(std::span<const PublishedType> published) {
  for (const PublishedType& type : published) {
    const auto key = transport::published_key(type);
    if (!key) return key.error();
    const auto there = control_.get(*key);
    if (!there) return there.error();
    if (*there) continue;
    if (const auto put = control_.put(*key, type.topic, {}); !put) return put.error();
  }
  return {};
}

Result<void> Catalog::set(const std::string& topic, std::int32_t partitions, const Retention& change) {
  const TopicConfig wanted = config_for(change, partitions);
  if (wanted.empty()) return {};
  const std::string name = cluster_->names().on_cluster(topic);
  const auto there = config_of(*cluster_, name);
  if (!there) return there.error();
  const bool same = std::all_of(wanted.begin(), wanted.end(), [&](const auto& setting) {
    const auto found = there->find(setting.first);
    return found != there->end() && found->second == setting.second;
  });
  return same ? Result<void>{} : set_config(*cluster_, name, wanted);
}

Result<void> Catalog::set_retention(std::string_view topic, const Retention& change) {
  if (auto fine = check_retention(topic, change); !fine) return fine;
  const std::string name{topic};
  const bool of_dead_letters = cluster_->names().topic_of_dead_letters(cluster_->names().on_cluster(name)).has_value();
  if (is_internal(name) && !of_dead_letters) return invalid(fmt::format("topic '{}' is kept by Tidings itself", topic));
  const auto partitions = cluster_->partitions(cluster_->names().on_cluster(name));
  if (!partitions) return partitions.error();
  if (!*partitions) return invalid(fmt::format("there is no topic '{}'", topic));
  Retention wanted = change;
  wanted.unsettled.reset();
  if (auto done = set(name, **partitions, wanted); !done || of_dead_letters) return done;
  for (int tries = 0; tries < kAgreeTriesMax; ++tries) {
    auto fact = facts_.of(name);
    if (!fact) return fact.error();
    fact->retention = transport::changed(fact->retention, wanted);
    const auto put = facts_.put(name, *fact);
    if (put || put.error().kind != ErrorKind::conflict) return put;
  }
  return conflict(fmt::format("topic '{}' is being declared by others all the time: try again", topic));
}

Retention retention_in(const TopicConfig& config, std::int32_t partitions, const Retention& asked) {
  constexpr std::int64_t longest = std::chrono::floor<std::chrono::milliseconds>(Retention::kAgeEndless).count();
  Retention retention{.unsettled = Unsettled::expire};
  const auto age = number_of(config, kAge);
  const auto bytes = number_of(config, kBytes);
  if (age && asked.age && age_text(*asked.age) == std::to_string(*age)) {
    retention.age = asked.age;
  } else if (age) {
    const bool endless = *age < 0 || *age > longest;
    retention.age = endless ? Retention::kAgeEndless : Duration{std::chrono::milliseconds{*age}};
  }
  const auto parts = static_cast<std::uint64_t>(std::max(1, partitions));
  if (bytes && asked.bytes && bytes_text(*asked.bytes, partitions) == std::to_string(*bytes)) {
    retention.bytes = asked.bytes;
  } else if (bytes && *bytes >= 0) {
    const auto each = static_cast<std::uint64_t>(*bytes);
    retention.bytes = each > Retention::kBytesEndless / parts ? Retention::kBytesEndless : each * parts;
  }
  return retention;
}

Result<Retention> Catalog::retention_of(const std::string& topic, const TopicFact& fact) const {
  const std::string name = cluster_->names().on_cluster(topic);
  const auto config = config_of(*cluster_, name);
  const auto partitions = cluster_->partitions(name);
  if (!config || !partitions) return config ? partitions.error() : config.error();
  return retention_in(*config, partitions->value_or(1), fact.retention);
}

}  // namespace tidings::kafka
