// What a `kafka:` URL says.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "tidings/names.hpp"
#include "tidings/result.hpp"
#include "tidings/transport/url.hpp"
#include "transport/kafka/client/security_options.hpp"

namespace tidings::kafka {

enum class CreateTopics { no, yes };

// Where a group goes on whose position is not there any more.
enum class WhenExpired { beginning, end };

struct KafkaOptions {
  std::string brokers;  // HOST:PORT, separated by commas
  std::string prefix;   // of all names of the deployment: several may share a cluster
  CreateTopics create_topics = CreateTopics::no;
  std::int32_t partitions = 12;   // of a topic that we create
  std::int32_t replication = -1;  // likewise; -1: the cluster's default
  Duration linger = std::chrono::milliseconds{5};
  std::string compression = "snappy";
  Duration session_timeout = std::chrono::seconds{10};
  Duration revoke_within = std::chrono::seconds{5};
  Duration commit_every = std::chrono::milliseconds{100};
  WhenExpired when_expired = WhenExpired::beginning;
  bool transactional = false;  // what handlers publish, and their settlements, are one step
  std::uint32_t suspect_window = 8'192;
  Security security;
  std::map<std::string, std::string> rdkafka;  // any property of librdkafka that no promise rests on
};

// `kafka://HOST[:PORT][,HOST...][?option=value...]`. invalid: all that is wrong with it.
Result<KafkaOptions> options_from(const transport::Url& url);

// For messages and --help.
std::string describe_kafka();

}  // namespace tidings::kafka
