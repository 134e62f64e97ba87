#include "transport/memory/memory_publisher.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/countdown.hpp"
#include "base/flaw.hpp"

namespace tidings::memory {

using transport::Record;

MemoryPublisher::MemoryPublisher(std::shared_ptr<MemoryBroker> broker, std::string process,
                                 const transport::PublisherOptions& options)
    : broker_{std::move(broker)},
      process_{std::move(process)},
      options_{options},
      changed_{broker_->executor().condition()},
      thread_{broker_->executor().spawn("memory-publish", [this] { run(); })} {}

MemoryPublisher::~MemoryPublisher() {
  close(broker_->executor().now() + transport::kCloseWithin);
}

void MemoryPublisher::close(Time deadline) {
  {
    const Lock lock{mutex_};
    stopping_ = true;
    stop_by_ = std::min(stop_by_, deadline);
    changed_->notify_all();
  }
  thread_.reset();
}

Result<void> MemoryPublisher::admit(const Record& record, std::size_t bytes) const {
  if (bytes > kRecordBytesMax) {
    return invalid(fmt::format("event '{}' has {} bytes, at most {} go into a record: make it smaller", record.id,
                               bytes, kRecordBytesMax));
  }
  if (flawed(Flaw::memory_buffer_endless)) return {};
  if (records_ < options_.buffer_records_max && bytes_ + bytes <= options_.buffer_bytes_max) return {};
  return overloaded(
      fmt::format("{} events ({} bytes) wait for their confirmation (buffer_records_max={}, "
                  "buffer_bytes_max={}): publish slower, or raise the limit",
                  records_, bytes_, options_.buffer_records_max, options_.buffer_bytes_max));
}

void MemoryPublisher::send(std::vector<Record> batch, Confirmed confirmed) {
  const auto shared = std::make_shared<Confirmed>(std::move(confirmed));
  std::vector<std::pair<std::size_t, Error>> refused;
  {
    const Lock lock{mutex_};
    const Time deadline = broker_->executor().now() + options_.deliver_within;
    for (std::size_t index = 0; index < batch.size(); ++index) {
      const std::size_t bytes = transport::size_of(batch[index]);
      if (auto admitted = admit(batch[index], bytes); !admitted) {
        refused.emplace_back(index, admitted.error());
        continue;
      }
      ++records_;
      bytes_ += bytes;
      ++sent_;
      queue_.push_back({std::move(batch[index]), bytes, index, shared, deadline});
    }
    changed_->notify_all();
  }
  for (auto& [index, error] : refused) (*shared)(index, std::move(error));
}

Result<void> MemoryPublisher::flush(Time deadline) {
  Lock lock{mutex_};
  const std::uint64_t wanted = sent_;
  if (wait_until(*changed_, lock, {broker_->executor(), deadline}, [&] { return confirmed_ >= wanted; })) return {};
  return unavailable(fmt::format("{} events are not confirmed yet", wanted - confirmed_));
}

void MemoryPublisher::run() {
  Lock lock{mutex_};
  while (true) {
    while (queue_.empty() && !stopping_) changed_->wait_until(lock, kNever);
    if (queue_.empty()) return;
    publish_next(lock);
  }
}

void MemoryPublisher::publish_next(Lock& lock) {
  Waiting next = std::move(queue_.front());
  queue_.pop_front();
  lock.unlock();
  Result<void> outcome = unavailable(fmt::format("event '{}' was not published in time", next.record.id));
  const Time deadline = std::min(next.deadline, stop_by_);
  if (broker_->executor().now() < deadline) outcome = broker_->publish(process_, std::move(next.record), deadline);
  if (flawed(Flaw::memory_confirms_refused)) outcome = {};
  (*next.confirmed)(next.index, std::move(outcome));
  next.confirmed.reset();
  lock.lock();
  --records_;
  bytes_ -= next.bytes;
  ++confirmed_;
  changed_->notify_all();
}

}  // namespace tidings::memory
