// History on RabbitMQ: each topic has a stream that keeps its events, beside the queues of its subscriptions.
//
// Threads: any. Blocks: on the server.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tidings/transport/operator.hpp"
#include "transport/driver/registrations.hpp"
#include "transport/rabbitmq/catalog/rabbitmq_catalog.hpp"
#include "transport/rabbitmq/operate/rabbitmq_dead_letters.hpp"
#include "transport/rabbitmq/publish/amqp_producer.hpp"
#include "transport/rabbitmq/topology/broker.hpp"
#include "transport/rabbitmq/topology/stream_reader.hpp"

namespace tidings::rabbitmq {

class RabbitmqHistory final : public transport::History {
 public:
  RabbitmqHistory(std::shared_ptr<Broker> broker, std::shared_ptr<Producer> producer,
                  std::shared_ptr<RabbitmqCatalog> catalog, std::shared_ptr<transport::Registrations> registrations)
      : broker_{std::move(broker)},
        producer_{std::move(producer)},
        catalog_{std::move(catalog)},
        registrations_{std::move(registrations)} {}

  Result<transport::Cursor> read(const transport::HistoryRange& range, const transport::Cursor& after,
                                 std::size_t limit,
                                 const std::function<bool(const transport::HistoryEntry&)>& visit) override;
  Result<void> wait(std::string_view topic, const transport::Cursor& after, Time deadline) override;
  Result<std::uint64_t> replay(const transport::HistoryRange& range, std::string_view group,
                               std::string_view replay_id) override;

 private:
  // Who waits again for the same goes on by the connection that it had.
  struct Wait {
    std::string stream;
    std::optional<std::uint64_t> from;  // offset
    std::unique_ptr<StreamReader> reader;
  };
  std::unique_ptr<StreamReader> take_waiting(const std::string& stream, std::optional<std::uint64_t> from);

  Result<void> check_topic(const std::string& topic);
  // The subscriptions of that group which read the topic.
  Result<std::vector<KnownSubscription>> readers(const std::string& topic, std::string_view group);

  const std::shared_ptr<Broker> broker_;
  const std::shared_ptr<Producer> producer_;
  const std::shared_ptr<RabbitmqCatalog> catalog_;
  const std::shared_ptr<transport::Registrations> registrations_;
  std::mutex mutex_;
  std::optional<Wait> last_wait_;
};

}  // namespace tidings::rabbitmq
