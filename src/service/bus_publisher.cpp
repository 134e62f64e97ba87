#include "service/bus_publisher.hpp"

#include "service/records/outputs.hpp"
#include "tidings/uuid.hpp"

namespace tidings::service {

namespace {

// One publish that waits for its confirmation. Shared, since the transport may call after a waiter has gone.
class Confirmation final {
 public:
  explicit Confirmation(Executor& executor) : executor_{executor}, changed_{executor.condition()} {}

  void set(Result<void> outcome) {
    const std::lock_guard lock{mutex_};
    outcome_ = std::move(outcome);
    changed_->notify_all();
  }
  Result<void> wait() {
    std::unique_lock lock{mutex_};
    changed_->wait_until(lock, kNever, executor_, [this] { return outcome_.has_value(); });
    return *outcome_;
  }

 private:
  Executor& executor_;
  std::mutex mutex_;
  std::unique_ptr<Condition> changed_;
  std::optional<Result<void>> outcome_;
};

std::vector<transport::Record> batch_of(transport::Record record) {
  std::vector<transport::Record> batch;
  batch.push_back(std::move(record));
  return batch;
}

void announce(const Engine& engine, const EventType& type, const std::string& id, const Result<void>& outcome) {
  const Decision decision{.step = outcome ? Step::published : Step::unpublished,
                          .service = engine.options.name,
                          .topic = type.info.stream(),
                          .event_id = id,
                          .type = type.info.type,
                          .error = outcome ? nullptr : &outcome.error(),
                          .at = engine.executor->now()};
  for (const Observer& observer : engine.options.observers) observer(decision);
}

}  // namespace

Result<transport::Record> BusPublisher::record_of(const EventType& type, const void* data, PublishOptions options) {
  if (auto declared = engine_->encoder.check(type); !declared) return declared.error();
  Publication publication{.envelope = envelope_from(options), .key = options.key};
  Envelope& envelope = publication.envelope;
  envelope.time = options.time.value_or(engine_->executor->now());
  if (envelope.id.empty()) envelope.id = new_id(*engine_->executor);
  if (envelope.correlation_id.empty()) envelope.correlation_id = new_id(*engine_->executor);
  return engine_->encoder.encode(type, data, std::move(publication));
}

void BusPublisher::send(const EventType& type, transport::Record record, std::function<void(Result<void>)> confirmed) {
  if (engine_->options.observers.empty()) {
    return publisher_->send(
        batch_of(std::move(record)),
        [confirmed = std::move(confirmed)](std::size_t, Result<void> outcome) { confirmed(std::move(outcome)); });
  }
  // Shared: the transport may call after we are gone.
  auto tell = [engine = engine_, &type, id = record.id, confirmed = std::move(confirmed)](std::size_t,
                                                                                          Result<void> outcome) {
    announce(*engine, type, id, outcome);
    confirmed(std::move(outcome));
  };
  publisher_->send(batch_of(std::move(record)), std::move(tell));
}

Result<void> BusPublisher::publish(const EventType& type, const void* data, PublishOptions options) {
  auto record = record_of(type, data, std::move(options));
  if (!record) return record.error();
  const auto confirmation = std::make_shared<Confirmation>(*engine_->executor);
  send(type, *std::move(record), [confirmation](Result<void> outcome) { confirmation->set(std::move(outcome)); });
  return confirmation->wait();
}

void BusPublisher::publish_async(const EventType& type, const void* data, PublishOptions options,
                                 std::function<void(Result<void>)> confirmed) {
  auto record = record_of(type, data, std::move(options));
  if (!record) return confirmed(record.error());
  send(type, *std::move(record), std::move(confirmed));
}

}  // namespace tidings::service
