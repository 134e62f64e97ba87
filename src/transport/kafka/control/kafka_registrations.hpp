// Registrations of a deployment on Kafka: what they ask of its cluster.
//
// Threads: any. Blocks: as Cluster, and ControlLog.
#pragma once

#include <memory>
#include <string>

#include "transport/driver/registrations.hpp"
#include "transport/kafka/control/catalog.hpp"

namespace tidings::kafka {

using transport::GroupMember;
using transport::GroupRecord;
using transport::GroupSubscription;
using transport::Registrations;
using transport::spec_of;

std::shared_ptr<Registrations> make_registrations(std::shared_ptr<Cluster> cluster,
                                                  const std::shared_ptr<ControlLog>& log);

// Kafka's name of the group that this instance joins, with client.id = `instance`.
std::string group_on_cluster(const TopicNames& names, const std::string& group, const GroupSubscription& subscription,
                             const std::string& instance);

}  // namespace tidings::kafka
