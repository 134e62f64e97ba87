// What our names are on a cluster, and which of its topics are ours alone. docs/wire.md lists them.
//
// Threads: values.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tidings::kafka {

// Of a deployment: every name that it uses on the cluster begins with its prefix, which may be empty.
class TopicNames final {
 public:
  explicit TopicNames(std::string prefix) : prefix_{std::move(prefix)} {}

  // A topic or a group on the cluster.
  std::string on_cluster(std::string_view name) const { return prefix_ + std::string{name}; }
  // The other way; none: it is of another deployment.
  std::optional<std::string> ours(std::string_view on_cluster) const;

  std::string dead_letters(std::string_view topic) const { return on_cluster(topic) + ".dlq"; }
  // The topic of which that is the dead letters', in our words.
  std::optional<std::string> topic_of_dead_letters(std::string_view on_cluster) const;
  // Where events of a subscription wait for their time: retry_ladder.hpp says in which partition.
  std::string retry(std::string_view group, std::string_view subscription) const;
  std::string control() const { return on_cluster("tidings.control"); }
  std::string dead_states() const { return on_cluster("tidings.dead"); }

 private:
  const std::string prefix_;
};

// Kept by Tidings or Kafka for itself: no pattern reads it. `name` is in our words.
bool is_internal(std::string_view name);

}  // namespace tidings::kafka
