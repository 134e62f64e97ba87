#include "transport/kafka/publish/kafka_publisher.hpp"

#include <fmt/format.h>

#include "transport/kafka/client/kafka_limits.hpp"

namespace tidings::kafka {

using transport::Publisher;
using transport::PublisherOptions;
using transport::Record;

namespace {

Result<void> check(const Record& record) {
  if (const std::size_t bytes = transport::size_of(record); bytes > kRecordBytesMax) {
    return invalid(
        fmt::format("a record of {} bytes for topic '{}' is too large: the most is {}; publish a reference "
                    "to the data",
                    bytes, record.topic, kRecordBytesMax));
  }
  return {};
}

class KafkaPublisher final : public Publisher {
 public:
  KafkaPublisher(std::shared_ptr<Cluster> cluster, std::shared_ptr<Producer> producer)
      : cluster_{std::move(cluster)}, producer_{std::move(producer)} {}
  ~KafkaPublisher() override { producer_->close(cluster_->executor().now() + transport::kCloseWithin); }

  void send(std::vector<Record> batch, Confirmed confirmed) override {
    if (batch.size() == 1) return send_one(std::move(batch.front()), std::move(confirmed));
    const auto answer = std::make_shared<Confirmed>(std::move(confirmed));
    std::vector<Message> messages;
    messages.reserve(batch.size());
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (auto checked = check(batch[i]); !checked) {
        (*answer)(i, std::move(checked));
        continue;
      }
      messages.push_back(
          message_of(std::move(batch[i]), [answer, i](auto outcome) { (*answer)(i, std::move(outcome)); }));
    }
    if (!messages.empty()) producer_->send(std::move(messages));
  }

  Result<void> flush(Time deadline) override { return producer_->flush(deadline); }
  void close(Time deadline) override { producer_->close(deadline); }

 private:
  Message message_of(Record record, std::function<void(Result<void>)> answered) const {
    std::string topic = cluster_->names().on_cluster(record.topic);
    return {.topic = std::move(topic), .record = std::move(record), .answered = std::move(answered)};
  }

  // Most are: without what several share.
  void send_one(Record record, Confirmed confirmed) {
    if (auto checked = check(record); !checked) return confirmed(0, std::move(checked));
    std::vector<Message> message;
    message.push_back(message_of(
        std::move(record), [confirmed = std::move(confirmed)](auto outcome) { confirmed(0, std::move(outcome)); }));
    producer_->send(std::move(message));
  }

  const std::shared_ptr<Cluster> cluster_;
  const std::shared_ptr<Producer> producer_;
};

}  // namespace

Result<std::unique_ptr<Publisher>> make_publisher(const std::shared_ptr<Cluster>& cluster,
                                                  const PublisherOptions& options) {
  auto producer = Producer::open(cluster, options);
  if (!producer) return producer.error();
  return std::make_unique<KafkaPublisher>(cluster, *std::move(producer));
}

}  // namespace tidings::kafka
