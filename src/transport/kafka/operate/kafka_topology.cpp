#include "transport/kafka/operate/kafka_topology.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "transport/kafka/admin/group_admin.hpp"
#include "transport/kafka/admin/topic_admin.hpp"
#include "transport/kafka/format/wire.hpp"
#include "transport/kafka/operate/lag_counter.hpp"

namespace tidings::kafka {

using transport::Concern;
using transport::GroupState;
using transport::LagState;
using transport::MemberState;
using transport::Retention;
using transport::TopicState;

namespace {

constexpr std::int64_t kSampled = 10;  // records of a partition that are looked at

std::uint64_t bytes_of(const rd_kafka_message_t& message) {
  std::vector<transport::HeaderView> headers;
  headers.reserve(header_count(message));
  return transport::size_of(read_record(message, rd_kafka_topic_name(message.rkt), headers));
}

std::vector<std::string> names_in(const std::map<std::string, std::int32_t, std::less<>>& topics) {
  std::vector<std::string> names;
  for (const auto& [name, partitions] : topics) names.push_back(name);
  return names;
}

// What takes dead letters away before somebody dealt with them.
std::optional<Concern> forgets_dead_letters(const std::string& topic, const TopicConfig& config) {
  const auto is = [&config](std::string_view name, std::string_view wanted) {
    const auto found = config.find(name);
    return found == config.end() || found->second == wanted;
  };
  std::string how;
  if (!is("retention.ms", "-1")) how += fmt::format("retention.ms={}", config.at("retention.ms"));
  if (!is("retention.bytes", "-1")) {
    how += fmt::format("{}retention.bytes={}", how.empty() ? "" : ", ", config.at("retention.bytes"));
  }
  if (how.empty()) return std::nullopt;
  return Concern{
      .subject = topic,
      .what = fmt::format("topic '{}' is set to {}: dead letters vanish though nobody dealt with them", topic, how),
      .remedy = fmt::format("`tidings topics set {} --retain-age endless --retain-size endless` keeps them", topic)};
}

}  // namespace

Result<KafkaTopology::Samples> KafkaTopology::sample(std::vector<OffsetSpan> spans) {
  for (OffsetSpan& span : spans) span.end = std::min(span.end, span.begin + kSampled);
  Samples samples;
  auto read = read_range(*cluster_, spans, [&](const rd_kafka_message_t& message) {
    Sample& sample = samples[{rd_kafka_topic_name(message.rkt), message.partition}];
    ++sample.records;
    sample.bytes += bytes_of(message);
    const Time time = message_time(message);
    if (!sample.oldest || time < *sample.oldest) sample.oldest = time;
    return true;
  });
  if (!read) return read.error();
  return samples;
}

Result<std::vector<TopicState>> KafkaTopology::topics() {
  auto there = cluster_->topics();
  if (!there) return there.error();
  std::erase_if(*there, [&](const auto& topic) {
    const auto name = cluster_->names().ours(topic.first);
    return !name || is_internal(*name);
  });
  const auto facts = catalog_->facts().all();
  if (!facts) return facts.error();
  const auto spans = whole(*cluster_, names_in(*there));
  if (!spans) return spans.error();
  auto samples = sample(*spans);
  if (!samples) return samples.error();
  std::vector<TopicState> states;
  for (const auto& [on_cluster, partitions] : *there) {
    TopicState state{.name = *cluster_->names().ours(on_cluster), .partitions = partitions};
    const auto found = facts->find(state.name);
    const TopicFact fact = found == facts->end() ? TopicFact{} : found->second;
    state.command = fact.command;
    auto retention = catalog_->retention_of(state.name, fact);
    if (!retention) return retention.error();
    state.retention = *std::move(retention);
    for (const OffsetSpan& span : *spans) {
      if (span.topic != on_cluster) continue;
      const auto records = static_cast<std::uint64_t>(std::max<std::int64_t>(0, span.end - span.begin));
      const Sample& sample = (*samples)[{span.topic, span.partition}];
      state.records += records;
      if (sample.records > 0) state.bytes += sample.bytes * records / sample.records;
      if (sample.oldest && (!state.oldest || *sample.oldest < *state.oldest)) state.oldest = sample.oldest;
    }
    states.push_back(std::move(state));
  }
  return states;
}

Result<std::vector<GroupState>> KafkaTopology::groups() {
  const auto records = registrations_->groups();
  if (!records) return records.error();
  std::vector<GroupState> states;
  for (const GroupRecord& record : *records) {
    for (const GroupSubscription& subscription : record.subscriptions) {
      auto state = state_of(record, subscription);
      if (!state) return state.error();
      states.push_back(*std::move(state));
    }
  }
  return states;
}

Result<GroupState> KafkaTopology::state_of(const GroupRecord& group, const GroupSubscription& subscription) {
  GroupState state{.name = group.group, .topic = subscription.topic, .pattern = subscription.pattern};
  const auto topics = registrations_->topics_read(spec_of(group.group, subscription));
  if (!topics) return topics.error();
  state.topics.assign(topics->begin(), topics->end());
  const auto living = registrations_->living(group.group, subscription);
  if (!living) return living.error();
  std::map<std::string, std::vector<LiveMember>> known;  // by Kafka's group
  for (const GroupMember& member : *living) {
    const auto name = group_on_cluster(cluster_->names(), group.group, subscription, member.instance);
    if (!known.contains(name)) {
      auto live = live_group(*cluster_, name);
      if (!live) return live.error();
      known.emplace(name, std::move(live->members));
    }
    MemberState shown{.instance = member.instance, .host = member.host, .pid = member.pid};
    for (const LiveMember& live : known[name]) {
      if (live.client_id != member.instance) continue;
      shown.partitions += static_cast<std::int32_t>(
          std::count_if(live.partitions.begin(), live.partitions.end(), [&](const PartitionOffset& partition) {
            return topics->contains(cluster_->names().ours(partition.topic).value_or(""));
          }));
    }
    state.members.push_back(std::move(shown));
  }
  return state;
}

Result<std::vector<LagState>> KafkaTopology::lag() {
  const auto records = registrations_->groups();
  if (!records) return records.error();
  LagCounter counter{cluster_, *registrations_};
  for (const GroupRecord& record : *records) {
    if (auto added = counter.add(record); !added) return added.error();
  }
  const auto dead = dead_->count();
  if (!dead) return dead.error();
  counter.add(*dead);
  const auto expired = expired_->all();
  if (!expired) return expired.error();
  counter.add_expired(*expired);
  return counter.finish();
}

Result<std::vector<Concern>> KafkaTopology::concerns() {
  const auto there = cluster_->topics();
  if (!there) return there.error();
  std::vector<std::string> topics;
  for (const auto& [name, partitions] : *there) {
    if (cluster_->names().topic_of_dead_letters(name)) topics.push_back(name);
  }
  const auto configs = configs_of(*cluster_, topics);
  if (!configs) return configs.error();
  std::vector<Concern> concerns;
  for (const auto& [name, config] : *configs) {
    if (auto concern = forgets_dead_letters(cluster_->names().ours(name).value_or(name), config)) {
      concerns.push_back(*std::move(concern));
    }
  }
  return concerns;
}

Result<void> KafkaTopology::set_retention(std::string_view topic, const Retention& change) {
  return catalog_->set_retention(topic, change);
}

Result<void> KafkaTopology::create_topic(const transport::TopicSpec& topic, std::optional<std::int32_t> replication) {
  return catalog_->create_topic(topic, replication);
}

// Its registration goes last: whoever is cut off before can ask again.
Result<transport::Repartition> KafkaTopology::repartition(std::string_view topic, std::int32_t partitions) {
  return unsupported(
      fmt::format("Kafka adds partitions itself, and then most keys have another one: stop who publishes on '{0}', let "
                  "its groups settle everything (`tidings lag`), run `kafka-topics.sh --alter --topic {0} --partitions "
                  "{1}`, and start the publishers",
                  cluster_->options().prefix + std::string{topic}, partitions));
}

Result<void> KafkaTopology::remove_group(std::string_view group) {
  const std::string name{group};
  const auto record = registrations_->group(name);
  if (!record) return record.error();
  if (auto free = registrations_->check_gone(*record); !free) return free;
  const auto all = group_names(*cluster_);
  if (!all) return all.error();
  std::vector<std::string> retries;
  for (const GroupSubscription& subscription : record->subscriptions) {
    const std::string retry = cluster_->names().retry(name, subscription.name());
    const bool broadcast = subscription.sharing == transport::Sharing::broadcast;
    const std::string mine = cluster_->names().on_cluster(name);
    for (const std::string& other : *all) {
      const bool is_mine = other == retry || (broadcast ? other.starts_with(mine + ".") : other == mine);
      if (!is_mine) continue;
      if (auto deleted = delete_group(*cluster_, other); !deleted) return deleted;
    }
    const auto there = cluster_->partitions(retry);
    if (!there) return there.error();
    if (*there) retries.push_back(retry);
  }
  if (auto deleted = delete_topics(*cluster_, retries); !deleted) return deleted;
  if (auto forgotten = expired_->forget(name); !forgotten) return forgotten;
  if (const auto seen = cluster_->topics(); !seen) return seen.error();  // they are not remembered any more
  return registrations_->remove(name);
}

}  // namespace tidings::kafka
