// Whether who we are to the brokers may receive: asked before a member joins, for librdkafka keeps trying where it has
// no right, and says nothing.
#pragma once

#include <set>
#include <string>

#include "transport/kafka/client/cluster.hpp"

namespace tidings::kafka {

// Of a group and topics on the cluster. invalid: a right is missing; the message names of what. Where brokers know
// nobody there is nothing to ask. What is not answered within kLookWithin shows elsewhere.
Result<void> check_rights_to_join(const Cluster& cluster, const std::string& group,
                                  const std::set<std::string>& topics);

}  // namespace tidings::kafka
