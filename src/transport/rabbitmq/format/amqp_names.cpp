#include "transport/rabbitmq/format/amqp_names.hpp"

#include <algorithm>

#include "tidings/type_name.hpp"

namespace tidings::rabbitmq {

std::string Names::queue_of_topic(std::string_view group, std::string_view topic) const {
  return prefix_ + std::string{group} + "." + std::string{topic} + "_queue";
}

std::string Names::queue_of_pattern(std::string_view group, std::string pattern) const {
  std::ranges::replace(pattern, '.', '_');
  return prefix_ + std::string{group} + "." + pattern + "_queue";
}

std::string routing_key(std::string_view type, std::string_view topic) {
  std::string key = dotted_type(type);
  return key.empty() ? std::string{topic} : key;
}

std::vector<std::string> routing_keys(std::string_view type, std::string_view topic) {
  std::vector<std::string> keys{routing_key(type, topic)};
  if (std::string unsplit = unsplit_type(type); !unsplit.empty() && unsplit != keys.front()) {
    keys.push_back(std::move(unsplit));
  }
  return keys;
}

std::vector<std::string> pattern_keys(const std::string& pattern) {
  if (pattern.empty()) return {};
  std::vector<std::string> keys{pattern};
  if (pattern.find_first_of("*#") != pattern.npos || pattern.find('.') == pattern.npos) return keys;
  std::string unsplit = pattern;
  std::erase(unsplit, '.');
  keys.push_back(std::move(unsplit));
  return keys;
}

}  // namespace tidings::rabbitmq
