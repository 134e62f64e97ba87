#include "transport/kafka/admin/topic_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <vector>

namespace tidings::kafka {

namespace {

constexpr Duration kLookAgain = std::chrono::milliseconds{10};
constexpr Duration kAskNextAfter = std::chrono::seconds{3};  // one that does not answer: it may be no broker any more

using ConfigHandle = Owned<rd_kafka_ConfigResource_t, rd_kafka_ConfigResource_destroy>;

struct Setting {
  std::string value;
  bool of_the_topic = false;  // not the broker's, nor Kafka's default
};
using Described = std::map<std::string, Setting, std::less<>>;

Described settings_of(const rd_kafka_ConfigResource_t& resource) {
  std::size_t count = 0;
  const auto* entries = rd_kafka_ConfigResource_configs(&resource, &count);
  Described settings;
  for (std::size_t i = 0; i < count; ++i) {
    const char* value = rd_kafka_ConfigEntry_value(entries[i]);
    if (value == nullptr) continue;
    const bool own = rd_kafka_ConfigEntry_source(entries[i]) == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG;
    settings[rd_kafka_ConfigEntry_name(entries[i])] = {value, own};
  }
  return settings;
}

using AllDescribed = std::map<std::string, Described>;

// Who is asked, and until when; otherwise any broker, soon.
struct Asked {
  std::int32_t broker = 0;
  Time deadline{};
};

void address(rd_kafka_AdminOptions_t* options, const Asked& asked) {
  std::array<char, 256> words{};
  rd_kafka_AdminOptions_set_broker(options, asked.broker, words.data(), words.size());
}

// Those that are not there are left out.
Result<AllDescribed> describe(const Cluster& cluster, std::span<const std::string> topics,
                              std::optional<Asked> asked = {}) {
  std::vector<ConfigHandle> handles;
  for (const std::string& topic : topics) {
    handles.emplace_back(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
  }
  auto all = pointers(handles);
  const std::string doing = fmt::format("ask how topic '{}' is set", topics.front());
  const auto answer = cluster.request(
      RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, doing,
      [&](auto* client, auto* options, auto* queue) {
        if (asked) address(options, *asked);
        rd_kafka_DescribeConfigs(client, all.data(), all.size(), options, queue);
      },
      asked ? std::optional{asked->deadline} : std::nullopt);
  if (!answer) return answer.error();
  std::size_t count = 0;
  const auto* resources =
      rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(answer->get()), &count);
  AllDescribed described;
  for (std::size_t i = 0; i < count; ++i) {
    const auto code = rd_kafka_ConfigResource_error(resources[i]);
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) continue;
    const char* words = rd_kafka_ConfigResource_error_string(resources[i]);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return to_error(code, doing, words ? words : "");
    described.emplace(rd_kafka_ConfigResource_name(resources[i]), settings_of(*resources[i]));
  }
  return described;
}

Result<Described> describe(const Cluster& cluster, const std::string& topic) {
  auto described = describe(cluster, std::span{&topic, 1});
  if (!described) return described.error();
  const auto found = described->find(topic);
  if (found != described->end()) return std::move(found->second);
  return to_error(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, fmt::format("ask how topic '{}' is set", topic));
}

TopicConfig values_of(const Described& described) {
  TopicConfig config;
  for (const auto& [name, setting] : described) config.emplace(name, setting.value);
  return config;
}

bool shows(const AllDescribed& described, const std::string& topic, const TopicConfig& change) {
  const auto found = described.find(topic);
  return found != described.end() && std::ranges::all_of(change, [&](const auto& setting) {
           const auto shown = found->second.find(setting.first);
           return shown != found->second.end() && shown->second.value == setting.second;
         });
}

Result<bool> all_show(const Cluster& cluster, const std::string& topic, const TopicConfig& change, Time deadline) {
  const auto brokers = cluster.brokers(deadline);
  if (!brokers) return brokers.error();
  for (const std::int32_t broker : *brokers) {
    const Time until = std::min(deadline, cluster.executor().now() + kAskNextAfter);
    const auto described = describe(cluster, {&topic, 1}, Asked{broker, until});
    if (!described) return described.error();
    if (!shows(*described, topic, change)) return false;
  }
  return true;
}

// A change is answered before the brokers have heard of it, each for itself.
Result<void> wait_until_shown(const Cluster& cluster, const std::string& topic, const TopicConfig& change,
                              Duration within) {
  const Time deadline = cluster.executor().now() + within;
  while (true) {
    const auto shown = all_show(cluster, topic, change, deadline);
    if (shown.value_or(false)) return {};
    if (!shown && shown.error().kind != ErrorKind::unavailable) return shown.error();
    if (cluster.executor().now() >= deadline) {
      return unavailable(fmt::format("topic '{}' was set, but not all brokers show it: {}", topic,
                                     shown ? "somebody else set it at the same time, or it takes long; see how it is "
                                             "set before you change it again"
                                           : shown.error().message));
    }
    cluster.executor().sleep_until(cluster.executor().now() + kLookAgain);
  }
}

}  // namespace

Result<TopicConfig> config_of(const Cluster& cluster, const std::string& topic) {
  const auto described = describe(cluster, topic);
  if (!described) return described.error();
  return values_of(*described);
}

Result<std::map<std::string, TopicConfig>> configs_of(const Cluster& cluster, std::span<const std::string> topics) {
  std::map<std::string, TopicConfig> configs;
  if (topics.empty()) return configs;
  const auto described = describe(cluster, topics);
  if (!described) return described.error();
  for (const auto& [topic, settings] : *described) configs.emplace(topic, values_of(settings));
  return configs;
}

// AlterConfigs, all that librdkafka 2.0.2 has, takes back what it does not name.
Result<void> set_config(const Cluster& cluster, const std::string& topic, const TopicConfig& change,
                        Duration shows_within) {
  const auto there = describe(cluster, topic);
  if (!there) return there.error();
  TopicConfig wanted = change;
  for (const auto& [name, setting] : *there) {
    if (setting.of_the_topic) wanted.emplace(name, setting.value);
  }
  const ConfigHandle config{rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str())};
  for (const auto& [name, value] : wanted) {
    rd_kafka_ConfigResource_set_config(config.get(), name.c_str(), value.c_str());
  }
  const std::string doing = fmt::format("set topic '{}'", topic);
  const auto answer =
      cluster.request(RD_KAFKA_ADMIN_OP_ALTERCONFIGS, doing, [&](auto* client, auto* options, auto* queue) {
        rd_kafka_ConfigResource_t* one = config.get();
        rd_kafka_AlterConfigs(client, &one, 1, options, queue);
      });
  if (!answer) return answer.error();
  std::size_t count = 0;
  const auto* results =
      rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(answer->get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto code = rd_kafka_ConfigResource_error(results[i]);
    const char* words = rd_kafka_ConfigResource_error_string(results[i]);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return to_error(code, doing, words ? words : "");
  }
  return wait_until_shown(cluster, topic, change, shows_within);
}

}  // namespace tidings::kafka
