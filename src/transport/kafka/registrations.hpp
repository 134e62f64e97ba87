// Who subscribes to what, agreed on by all processes of a deployment before they join Kafka's groups.
//
// Threads: any. Blocks: as ControlLog, and Cluster.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "transport/kafka/catalog.hpp"
#include "transport/kafka/group_record.hpp"

namespace tidings::kafka {

class Registrations final {
 public:
  Registrations(std::shared_ptr<Cluster> cluster, std::shared_ptr<ControlLog> log)
      : cluster_{std::move(cluster)},
        facts_{log},
        control_{log, ControlSpace::users},
        records_{std::move(log), ControlSpace::driver} {}

  // Announces the member; before it joins Kafka's group, with client.id = `instance`. An instance that is there already
  // is replaced. invalid: no such subscription, or the group reads a topic twice. conflict: a command's second group.
  Result<void> join(const transport::SubscriptionSpec& spec, const GroupMember& member);
  // Withdraws it; after it left. Not another process of that name, which came later.
  Result<void> leave(const transport::SubscriptionSpec& spec, const GroupMember& member);

  // Which topics it reads now, in our words.
  Result<std::set<std::string>> topics_read(const transport::SubscriptionSpec& spec);

  Result<std::vector<GroupRecord>> groups();
  // invalid: there is none.
  Result<GroupRecord> group(const std::string& name);
  // Members that live: of those announced, who is in Kafka's group, or was announced so lately that it may come.
  Result<std::vector<GroupMember>> living(const std::string& group, const GroupSubscription& subscription);
  // conflict: it has live members.
  Result<void> check_gone(const GroupRecord& record);
  // Likewise.
  Result<void> remove(const std::string& group);
  // When dead letters of that group were last removed with it; none: never.
  Result<std::optional<Time>> removed(const std::string& group);

 private:
  Result<void> check(const transport::SubscriptionSpec& spec);
  Result<void> check_topic(const transport::SubscriptionSpec& spec);
  Result<void> claim_command(const transport::SubscriptionSpec& spec);
  Result<void> check_overlap(const transport::SubscriptionSpec& spec, const GroupRecord& record);
  // Changes a group's record, again and again until nobody else did meanwhile.
  Result<void> change(const std::string& group, const std::function<Result<void>(GroupRecord&)>& how);

  const std::shared_ptr<Cluster> cluster_;
  TopicFacts facts_;
  KafkaControl control_;
  KafkaControl records_;
};

transport::SubscriptionSpec spec_of(const std::string& group, const GroupSubscription& subscription);
// Kafka's name of the group that this instance joins.
std::string group_on_cluster(const TopicNames& names, const std::string& group, const GroupSubscription& subscription,
                             const std::string& instance);

}  // namespace tidings::kafka
