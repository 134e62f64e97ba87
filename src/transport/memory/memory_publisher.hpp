// A publisher of a MemoryBroker: a queue and the thread that publishes from it and confirms.
//
// Threads: any.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "transport/memory/memory_broker.hpp"

namespace tidings::memory {

class MemoryPublisher final : public transport::Publisher {
 public:
  MemoryPublisher(std::shared_ptr<MemoryBroker> broker, std::string process,
                  const transport::PublisherOptions& options);
  ~MemoryPublisher() override;  // close(kCloseWithin)

  void send(std::vector<transport::Record> batch, Confirmed confirmed) override;
  Result<void> flush(Time deadline) override;
  void close(Time deadline) override;

 private:
  struct Waiting {
    transport::Record record;
    std::size_t bytes = 0;
    std::size_t index = 0;
    std::shared_ptr<Confirmed> confirmed;
    Time deadline = kNever;
  };
  using Lock = std::unique_lock<std::mutex>;

  Result<void> admit(const transport::Record& record, std::size_t bytes) const;
  void run();
  void publish_next(Lock& lock);

  const std::shared_ptr<MemoryBroker> broker_;
  const std::string process_;
  const transport::PublisherOptions options_;
  std::mutex mutex_;
  const std::unique_ptr<Condition> changed_;
  std::deque<Waiting> queue_;  // bounded by options_
  std::size_t records_ = 0;    // of the queue, and the one that is being published
  std::size_t bytes_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t confirmed_ = 0;
  bool stopping_ = false;
  Time stop_by_ = kNever;
  std::unique_ptr<Thread> thread_;
};

}  // namespace tidings::memory
