#include "transport/rabbitmq/publish/rabbitmq_publisher.hpp"

#include <utility>

namespace tidings::rabbitmq {

using transport::Record;

namespace {

class RabbitmqPublisher final : public transport::Publisher {
 public:
  RabbitmqPublisher(std::shared_ptr<Broker> broker, std::shared_ptr<Producer> producer)
      : broker_{std::move(broker)}, producer_{std::move(producer)} {}
  ~RabbitmqPublisher() override { producer_->close(broker_->executor().now() + transport::kCloseWithin); }

  void send(std::vector<Record> batch, Confirmed confirmed) override {
    const auto answer = std::make_shared<Confirmed>(std::move(confirmed));
    std::vector<Outgoing> messages;
    messages.reserve(batch.size());
    for (std::size_t i = 0; i < batch.size(); ++i) {
      Outgoing& message = messages.emplace_back(event_message(broker_->names(), std::move(batch[i])));
      message.answered = [answer, i](Result<void> outcome) { (*answer)(i, std::move(outcome)); };
    }
    producer_->send(std::move(messages));
  }
  Result<void> flush(Time deadline) override { return producer_->flush(deadline); }
  void close(Time deadline) override { producer_->close(deadline); }

 private:
  const std::shared_ptr<Broker> broker_;
  const std::shared_ptr<Producer> producer_;
};

}  // namespace

Outgoing event_message(const Names& names, Record record) {
  return {.exchange = names.events(), .key = {}, .record = std::move(record), .is_new = true};
}

std::unique_ptr<transport::Publisher> make_publisher(std::shared_ptr<Broker> broker,
                                                     std::shared_ptr<Producer> producer) {
  return std::make_unique<RabbitmqPublisher>(std::move(broker), std::move(producer));
}

}  // namespace tidings::rabbitmq
