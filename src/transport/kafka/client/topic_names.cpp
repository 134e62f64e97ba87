#include "transport/kafka/client/topic_names.hpp"

#include <algorithm>

#include "transport/driver/pattern_topics.hpp"

namespace tidings::kafka {

namespace {
constexpr std::string_view kDeadLetters = ".dlq";
constexpr std::string_view kRetries = ".tidings-retry";

// `GROUP.SUBSCRIPTION.tidings-retry`.
bool is_retry(std::string_view name) {
  return name.ends_with(kRetries);
}

// A pattern's `*` and `#` cannot stand in a topic's name.
std::string readable(std::string_view subscription) {
  std::string text;
  for (const char letter : subscription) {
    if (letter == '*') {
      text += "_any_";
    } else if (letter == '#') {
      text += "_all_";
    } else {
      text += letter;
    }
  }
  return text;
}

}  // namespace

std::optional<std::string> TopicNames::ours(std::string_view on_cluster) const {
  if (!on_cluster.starts_with(prefix_)) return std::nullopt;
  return std::string{on_cluster.substr(prefix_.size())};
}

std::optional<std::string> TopicNames::topic_of_dead_letters(std::string_view on_cluster) const {
  if (!on_cluster.ends_with(kDeadLetters)) return std::nullopt;
  return ours(on_cluster.substr(0, on_cluster.size() - kDeadLetters.size()));
}

std::string TopicNames::retry(std::string_view group, std::string_view subscription) const {
  return on_cluster(group) + '.' + readable(subscription) + std::string{kRetries};
}

bool is_internal(std::string_view name) {
  return transport::is_internal_topic(name) || name.starts_with("tidings.") || is_retry(name);
}

}  // namespace tidings::kafka
