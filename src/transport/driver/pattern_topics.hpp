// Which topics a pattern subscription reads, where topics are not routing keys (memory, local, kafka).
//
// Threads: pure functions.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tidings/result.hpp"
#include "tidings/transport/transport.hpp"

namespace tidings::transport {

// Where Transport::declare notes published types: a Control record `published/<type>/<topic>`, without expiry.
inline constexpr std::string_view kPublishedPrefix = "published/";

// invalid: a name that does not fit into such a key (empty, a '/' in the type, longer than kControlKeyMax).
Result<std::string> published_key(const PublishedType& published);
// Nothing: the key is no such record's.
std::optional<PublishedType> published_from_key(std::string_view key);

// `__*` and `*.dlq`: no pattern reads them.
bool is_internal_topic(std::string_view name);

struct KnownTopic {
  std::string name;
  bool command = false;
};

// Of `topics`, those that a subscription to `pattern` reads, in order: on which a type that matches was ever declared,
// and the `extra` ones; all of them for `#`. Never commands nor internal ones.
std::set<std::string> pattern_topics(std::string_view pattern, std::span<const std::string> extra,
                                     std::span<const KnownTopic> topics, std::span<const PublishedType> published);

}  // namespace tidings::transport
