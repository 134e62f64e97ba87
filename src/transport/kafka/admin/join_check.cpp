#include "transport/kafka/admin/join_check.hpp"

#include <fmt/format.h>

#include "transport/kafka/admin/group_admin.hpp"
#include "transport/kafka/client/kafka_limits.hpp"

namespace tidings::kafka {

namespace {

bool knows_us(const Security& security) {
  return security.sasl != Sasl::none || !security.cert.empty();
}

bool is_refusal(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED || code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED;
}

// Reads at the end of a partition of each: there the answer comes at once, and it is empty.
Result<void> check_readable(const Cluster& cluster, const std::string& group, std::set<std::string> topics) {
  auto client = cluster.client(RD_KAFKA_CONSUMER, {{"group.id", group},  // which it does not join
                                                   {"enable.auto.commit", "false"},
                                                   {"enable.partition.eof", "true"},
                                                   {"fetch.wait.max.ms", "10"}});
  if (!client) return client.error();
  const PartitionListHandle ends = partition_list(topics.size());
  for (const std::string& topic : topics) {
    rd_kafka_topic_partition_list_add(ends.get(), topic.c_str(), 0)->offset = RD_KAFKA_OFFSET_END;
  }
  rd_kafka_poll_set_consumer(client->get());
  const auto code = rd_kafka_assign(client->get(), ends.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return to_error(code, "look at topics");
  const Time deadline = cluster.executor().now() + kLookWithin;
  while (!topics.empty() && cluster.executor().now() < deadline) {
    const int within = milliseconds_until(deadline, cluster.executor().now());
    const MessageHandle message{rd_kafka_consumer_poll(client->get(), within)};
    if (message == nullptr || message->rkt == nullptr) continue;
    const std::string topic = rd_kafka_topic_name(message->rkt);
    if (is_refusal(message->err)) return to_error(message->err, fmt::format("read topic '{}'", topic));
    topics.erase(topic);
  }
  return {};
}

}  // namespace

Result<void> check_rights_to_join(const Cluster& cluster, const std::string& group,
                                  const std::set<std::string>& topics) {
  if (!knows_us(cluster.options().security)) return {};
  const auto live = live_group(cluster, group);
  if (!live && live.error().kind == ErrorKind::invalid) return live.error();
  std::set<std::string> there;
  for (const std::string& topic : topics) {
    const auto partitions = cluster.partitions(topic);
    if (!partitions) return partitions.error();
    if (*partitions) there.insert(topic);
  }
  return check_readable(cluster, group, std::move(there));
}

}  // namespace tidings::kafka
