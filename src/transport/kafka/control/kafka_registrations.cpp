#include "transport/kafka/control/kafka_registrations.hpp"

#include <fmt/format.h>

#include <set>

#include "transport/driver/named_queue.hpp"
#include "transport/kafka/admin/group_admin.hpp"
#include "transport/kafka/client/kafka_limits.hpp"
#include "transport/kafka/control/kafka_control.hpp"

namespace tidings::kafka {

using transport::KnownTopic;
using transport::Sharing;
using transport::SubscriptionSpec;

namespace {

class KafkaView final : public transport::DeploymentView {
 public:
  KafkaView(std::shared_ptr<Cluster> cluster, std::shared_ptr<ControlLog> log)
      : cluster_{std::move(cluster)}, facts_{std::make_shared<KafkaControl>(std::move(log), ControlSpace::driver)} {}

  Result<void> check_names(const SubscriptionSpec& spec) override;
  Result<std::optional<KnownTopic>> topic(const std::string& name) override;
  Error missing(const std::string& topic) override { return missing_topic(topic); }
  Result<std::vector<KnownTopic>> topics() override;
  Result<std::set<std::string>> present(const std::string& group, const GroupSubscription& subscription) override;

 private:
  const std::shared_ptr<Cluster> cluster_;
  TopicFacts facts_;
};

Result<void> KafkaView::check_names(const SubscriptionSpec& spec) {
  const TopicNames& names = cluster_->names();
  if (auto named = check_kafka_name(names, "group", spec.group); !named) return named;
  if (auto checked = transport::check_no_queue(spec); !checked) return checked;
  const auto& name = spec.topic.empty() ? spec.pattern : spec.topic;
  const auto longest = names.retry(spec.group, name).size();
  if (longest > kTopicNameMax) {
    return invalid(
        fmt::format("the names of group '{}' and '{}' are too long together for a topic of their retries: "
                    "shorten one by {}",
                    spec.group, name, longest - kTopicNameMax));
  }
  return spec.topic.empty() ? Result<void>{} : check_kafka_name(names, "topic", spec.topic);
}

Result<std::optional<KnownTopic>> KafkaView::topic(const std::string& name) {
  const auto there = cluster_->partitions(cluster_->names().on_cluster(name));
  if (!there) return there.error();
  if (!*there) return std::optional<KnownTopic>{};
  const auto fact = facts_.of(name);
  if (!fact) return fact.error();
  return std::optional{KnownTopic{name, fact->command}};
}

Result<std::vector<KnownTopic>> KafkaView::topics() {
  const auto there = cluster_->topics();
  if (!there) return there.error();
  const auto facts = facts_.all();
  if (!facts) return facts.error();
  std::vector<KnownTopic> known;
  for (const auto& [on_cluster, partitions] : *there) {
    auto name = cluster_->names().ours(on_cluster);
    if (!name || is_internal(*name)) continue;
    const auto fact = facts->find(*name);
    known.push_back({*std::move(name), fact != facts->end() && fact->second.command});
  }
  return known;
}

Result<std::set<std::string>> KafkaView::present(const std::string& group, const GroupSubscription& subscription) {
  std::set<std::string> present;
  std::set<std::string> asked;
  for (const GroupMember& member : subscription.members) {
    const std::string name = group_on_cluster(cluster_->names(), group, subscription, member.instance);
    if (!asked.insert(name).second) continue;
    const auto group_now = live_group(*cluster_, name);
    if (!group_now) return group_now.error();
    for (const LiveMember& one : group_now->members) present.insert(one.client_id);
  }
  return present;
}

}  // namespace

std::shared_ptr<Registrations> make_registrations(std::shared_ptr<Cluster> cluster,
                                                  const std::shared_ptr<ControlLog>& log) {
  auto executor = cluster->shared_executor();
  return std::make_shared<Registrations>(std::move(executor), std::make_shared<KafkaView>(std::move(cluster), log),
                                         std::make_shared<KafkaControl>(log, ControlSpace::users),
                                         std::make_shared<KafkaControl>(log, ControlSpace::driver));
}

std::string group_on_cluster(const TopicNames& names, const std::string& group, const GroupSubscription& subscription,
                             const std::string& instance) {
  const std::string name = names.on_cluster(group);
  return subscription.sharing == Sharing::broadcast ? name + "." + instance : name;
}

}  // namespace tidings::kafka
