// The topics of a deployment: declared, and set.
//
// Threads: any. Blocks: Cluster's, and ControlLog's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidings/transport/transport.hpp"
#include "transport/driver/topic_facts.hpp"
#include "transport/kafka/admin/topic_admin.hpp"
#include "transport/kafka/admin/topic_settings.hpp"
#include "transport/kafka/control/kafka_control.hpp"

namespace tidings::kafka {

using transport::TopicFact;
using transport::TopicFacts;

// What a topic keeps by its settings `retention.ms` and `retention.bytes`; where what was asked for comes to the same,
// in those words. More than we can say is endless.
transport::Retention retention_in(const TopicConfig& config, std::int32_t partitions,
                                  const transport::Retention& asked);

class Catalog final {
 public:
  Catalog(std::shared_ptr<Cluster> cluster, std::shared_ptr<ControlLog> log)
      : cluster_{std::move(cluster)},
        facts_{std::make_shared<KafkaControl>(log, ControlSpace::driver)},
        control_{std::move(log), ControlSpace::users} {}

  // Creates what is missing, where the URL says create_topics=yes. invalid: it is missing, or has no such name or
  // retention. conflict: it exists and differs. unsupported: Unsettled::keep, which Kafka's retention cannot do.
  Result<void> declare(const transport::Declaration& declaration);
  // Creates it, whatever the URL says. conflict: it is there, and is set otherwise.
  Result<void> create_topic(const transport::TopicSpec& spec, std::optional<std::int32_t> replication);
  Result<void> set_retention(std::string_view topic, const transport::Retention& change);

  // In effect now: what Kafka says, in the words in which it was asked for.
  Result<transport::Retention> retention_of(const std::string& topic, const TopicFact& fact) const;
  TopicFacts& facts() { return facts_; }

 private:
  Result<void> create(std::span<const transport::TopicSpec> missing);
  Result<void> expect_set_so(const transport::TopicSpec& spec, std::int32_t partitions,
                             std::optional<std::int32_t> replication);
  Result<void> agree(const transport::TopicSpec& spec, std::int32_t partitions);
  Result<void> publish_types(std::span<const transport::PublishedType> published);
  Result<void> set(const std::string& topic, std::int32_t partitions, const transport::Retention& change);

  const std::shared_ptr<Cluster> cluster_;
  TopicFacts facts_;
  KafkaControl control_;
};

// Of a topic or a group. invalid: Kafka, or a name that we make of it, does not take it.
Result<void> check_kafka_name(const TopicNames& names, std::string_view what, std::string_view name);

}  // namespace tidings::kafka
