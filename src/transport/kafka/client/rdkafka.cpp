#include "transport/kafka/client/rdkafka.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace tidings::kafka {

namespace {

ErrorKind kind_of(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR__UNKNOWN_GROUP:
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_INVALID_REQUEST:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND:
    case RD_KAFKA_RESP_ERR_INVALID_GROUP_ID:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__SSL:
      return ErrorKind::invalid;
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
    case RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST:
    case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS:
    case RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP:
      return ErrorKind::conflict;
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
    case RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED:
    case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR:
      return ErrorKind::overloaded;
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
      return ErrorKind::corrupt;
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION:
    case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
    case RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED:
      return ErrorKind::unsupported;
    default:
      return ErrorKind::unavailable;
  }
}

// What to change, where the code tells.
std::string_view remedy(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      return "; create the topic with `tidings topics create TOPIC`, or open the URL with create_topics=yes";
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return "; this user lacks a right to the topic: give it Read to receive, Write to publish, Create to create it, "
             "by "
             "`kafka-acls --add --allow-principal User:NAME --operation Read --topic TOPIC` "
             "(docs/guides/kafka-security.md)";
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
      return "; this user lacks a right to the group: give it Read by `kafka-acls --add --allow-principal User:NAME "
             "--operation Read --group GROUP` (docs/guides/kafka-security.md)";
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return "; this user lacks a right to the transactional id: give it Write by `kafka-acls --add --allow-principal "
             "User:NAME --operation Write --transactional-id ID` (docs/guides/kafka-security.md)";
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      return "; this user lacks the right; to publish it needs Write on a topic at least: `kafka-acls --add "
             "--allow-principal User:NAME --operation Write --topic TOPIC` (docs/guides/kafka-security.md)";
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
      return "; check the URL's `sasl`, `user` and `password_file` (docs/guides/kafka-security.md)";
    case RD_KAFKA_RESP_ERR__SSL:
      return "; check the URL's `tls_ca`, `tls_cert` and `tls_key` (docs/guides/kafka-security.md)";
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
      return "; raise the topic's max.message.bytes, or set rdkafka.batch.size below it: a batch is refused as a whole";
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
      return "; publish more slowly, or raise what the URL says by rdkafka.queue.buffering.max.*";
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
      return "; it may or may not be there; is the broker reachable, and are enough replicas in sync?";
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
      return "; is the broker running, and the URL's address its own?";
    default:
      return "";
  }
}

}  // namespace

Error to_error(rd_kafka_resp_err_t code, std::string_view doing, std::string_view words) {
  const std::string_view said = words.empty() ? rd_kafka_err2str(code) : words;
  return {kind_of(code), fmt::format("could not {}: {} ({}){}", doing, said, rd_kafka_err2name(code), remedy(code))};
}

Error to_error(const rd_kafka_error_t& error, std::string_view doing) {
  return to_error(rd_kafka_error_code(&error), doing, rd_kafka_error_string(&error));
}

Error missing_topic(std::string_view topic) {
  return invalid(
      fmt::format("topic '{0}' is not there: create it with `tidings topics create {0}`, or open the URL with "
                  "create_topics=yes and declare it",
                  topic));
}

PartitionListHandle partition_list(std::size_t capacity) {
  return PartitionListHandle{rd_kafka_topic_partition_list_new(static_cast<int>(capacity))};
}

int milliseconds_until(Time deadline, Time now) {
  if (deadline <= now) return 0;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now).count();
  return static_cast<int>(std::min<std::int64_t>(left, std::numeric_limits<int>::max()));
}

}  // namespace tidings::kafka
