// Topology on Kafka: what the cluster says, and what the deployment's control records say of it.
//
// Counts of records are differences of offsets: where a topic is compacted or has transactions, that is more than there
// is. Bytes are an estimate by the first records of each partition. A topic with `Unsettled::keep` there is none.
// Threads: any. Blocks: on the broker.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "transport/kafka/operate/expired_counts.hpp"
#include "transport/kafka/operate/kafka_dead_letters.hpp"

namespace tidings::kafka {

class KafkaTopology final : public transport::Topology {
 public:
  KafkaTopology(std::shared_ptr<Cluster> cluster, std::shared_ptr<Catalog> catalog,
                std::shared_ptr<Registrations> registrations, std::shared_ptr<KafkaDeadLetters> dead,
                std::shared_ptr<ExpiredCounts> expired)
      : cluster_{std::move(cluster)},
        catalog_{std::move(catalog)},
        registrations_{std::move(registrations)},
        dead_{std::move(dead)},
        expired_{std::move(expired)} {}

  Result<std::vector<transport::TopicState>> topics() override;
  Result<std::vector<transport::GroupState>> groups() override;
  Result<std::vector<transport::LagState>> lag() override;
  Result<std::vector<transport::Concern>> concerns() override;
  Result<void> set_retention(std::string_view topic, const transport::Retention& change) override;
  Result<void> create_topic(const transport::TopicSpec& topic, std::optional<std::int32_t> replication) override;
  Result<transport::Repartition> repartition(std::string_view topic, std::int32_t partitions) override;
  Result<void> remove_group(std::string_view group) override;

 private:
  struct Sample {
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;
    std::optional<Time> oldest;
  };
  using Samples = std::map<std::pair<std::string, std::int32_t>, Sample>;

  Result<Samples> sample(std::vector<OffsetSpan> spans);
  Result<transport::GroupState> state_of(const GroupRecord& group, const GroupSubscription& subscription);

  const std::shared_ptr<Cluster> cluster_;
  const std::shared_ptr<Catalog> catalog_;
  const std::shared_ptr<Registrations> registrations_;
  const std::shared_ptr<KafkaDeadLetters> dead_;
  const std::shared_ptr<ExpiredCounts> expired_;
};

}  // namespace tidings::kafka
