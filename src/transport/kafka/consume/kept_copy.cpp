#include "transport/kafka/consume/kept_copy.hpp"

#include "transport/kafka/admin/own_topics.hpp"
#include "transport/kafka/format/wire.hpp"

namespace tidings::kafka {

std::optional<std::pair<transport::Record, Copy>> read_copy(const rd_kafka_message_t& message, std::string_view topic) {
  std::vector<transport::HeaderView> headers;
  headers.reserve(header_count(message));
  auto view = read_record(message, topic, headers);
  Copy copy;
  if (!take_copy(view, copy)) return std::nullopt;
  return std::pair{transport::to_record(view), std::move(copy)};
}

Result<std::string> prepare_retries(const Cluster& cluster, std::string_view group, std::string_view subscription) {
  std::string topic = cluster.names().retry(group, subscription);
  if (auto ensured = ensure_own_topic(cluster, topic); !ensured) return ensured.error();
  return topic;
}

}  // namespace tidings::kafka
