// What Kafka's consumers tell each other through their group's coordinator: who was assigned what.
//
// Format:  ConsumerProtocolAssignment, https://kafka.apache.org/protocol (versions 0 to 3, which begin alike).
// Threads: values; pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tidings::kafka {

struct AssignedTopic {
  std::string topic;  // on the cluster
  std::vector<std::int32_t> partitions;

  friend bool operator==(const AssignedTopic&, const AssignedTopic&) = default;
};

// Nothing: these bytes are no such thing. No bytes: nothing was assigned.
std::optional<std::vector<AssignedTopic>> read_assignment(std::string_view bytes);

// The name that such a member gave itself (group.instance.id); empty: it has none. Kafka makes its id of the name, or
// of the client's where there is none, and of a UUID.
std::string static_id_of(std::string_view member_id, std::string_view client_id);

}  // namespace tidings::kafka
