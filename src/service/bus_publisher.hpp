// What a bus publishes outside of handlers.
//
// Owns:    the transport's publisher.
// Threads: any, at once.
#pragma once

#include <functional>
#include <memory>

#include "service/engine/engine.hpp"
#include "tidings/context.hpp"

namespace tidings::service {

class BusPublisher final {
 public:
  BusPublisher(std::shared_ptr<Engine> engine, std::unique_ptr<transport::Publisher> publisher)
      : engine_{std::move(engine)}, publisher_{std::move(publisher)} {}

  // Blocks until confirmed or refused, which the transport promises within PublisherOptions::deliver_within.
  Result<void> publish(const EventType& type, const void* data, PublishOptions options);
  void publish_async(const EventType& type, const void* data, PublishOptions options,
                     std::function<void(Result<void>)> confirmed);
  Result<void> flush(Time deadline) { return publisher_->flush(deadline); }
  // Answers what is not confirmed by the deadline: nobody is called after it. Nothing may be published any more.
  void close(Time deadline) { publisher_->close(deadline); }

 private:
  Result<transport::Record> record_of(const EventType& type, const void* data, PublishOptions options);
  void send(const EventType& type, transport::Record record, std::function<void(Result<void>)> confirmed);

  std::shared_ptr<Engine> engine_;
  std::unique_ptr<transport::Publisher> publisher_;
};

}  // namespace tidings::service
