// History on Kafka: what its topics keep, read for no group. Times are of records' messages, by the millisecond.
//
// Threads: any. Blocks: on the broker.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "transport/kafka/admin/topic_reader.hpp"
#include "transport/kafka/control/kafka_registrations.hpp"
#include "transport/kafka/format/history_cursor.hpp"
#include "transport/kafka/publish/producer.hpp"

namespace tidings::kafka {

class KafkaHistory final : public transport::History {
 public:
  KafkaHistory(std::shared_ptr<Cluster> cluster, std::shared_ptr<Registrations> registrations)
      : cluster_{std::move(cluster)}, registrations_{std::move(registrations)} {}

  Result<transport::Cursor> read(const transport::HistoryRange& range, const transport::Cursor& after,
                                 std::size_t limit,
                                 const std::function<bool(const transport::HistoryEntry&)>& visit) override;
  Result<void> wait(std::string_view topic, const transport::Cursor& after, Time deadline) override;
  Result<std::uint64_t> replay(const transport::HistoryRange& range, std::string_view group,
                               std::string_view replay_id) override;

 private:
  // Of that topic, from there on until its end as it is now.
  Result<std::vector<OffsetSpan>> spans(std::string_view topic, const transport::Cursor& after,
                                        std::optional<Time> from);
  // The subscriptions of that group which read the topic.
  Result<std::vector<std::string>> readers(const std::string& topic, std::string_view group);

  const std::shared_ptr<Cluster> cluster_;
  const std::shared_ptr<Registrations> registrations_;
};

}  // namespace tidings::kafka
