#include "transport/driver/pattern_topics.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/flaw.hpp"
#include "tidings/type_name.hpp"

namespace tidings::transport {

Result<std::string> published_key(const PublishedType& published) {
  if (published.type.empty() || published.topic.empty() || published.type.find('/') != std::string::npos) {
    return invalid(fmt::format("type '{}' on topic '{}' cannot be declared: both need a name, the type's without '/'",
                               published.type, published.topic));
  }
  auto key = fmt::format("{}{}/{}", kPublishedPrefix, published.type, published.topic);
  if (key.size() > kControlKeyMax) {
    return invalid(
        fmt::format("type '{}' on topic '{}' cannot be declared: the names are longer than {} bytes together",
                    published.type, published.topic, kControlKeyMax - kPublishedPrefix.size() - 1));
  }
  return key;
}

std::optional<PublishedType> published_from_key(std::string_view key) {
  if (!key.starts_with(kPublishedPrefix)) return std::nullopt;
  key.remove_prefix(kPublishedPrefix.size());
  const std::size_t slash = key.find('/');
  if (slash == 0 || slash == key.npos || slash + 1 == key.size()) return std::nullopt;
  return PublishedType{.type = std::string{key.substr(0, slash)}, .topic = std::string{key.substr(slash + 1)}};
}

bool is_internal_topic(std::string_view name) {
  return name.starts_with("__") || name.ends_with(".dlq");
}

std::set<std::string> pattern_topics(std::string_view pattern, std::span<const std::string> extra,
                                     std::span<const KnownTopic> topics, std::span<const PublishedType> published) {
  std::set<std::string> wanted{extra.begin(), extra.end()};
  for (const PublishedType& type : published) {
    if (pattern_matches(pattern, dotted_type(type.type))) wanted.insert(type.topic);
  }
  std::set<std::string> read;
  for (const KnownTopic& topic : topics) {
    if ((topic.command && !flawed(Flaw::pattern_reads_commands)) || is_internal_topic(topic.name)) continue;
    if (pattern == "#" || wanted.contains(topic.name)) read.insert(topic.name);
  }
  return read;
}

}  // namespace tidings::transport
