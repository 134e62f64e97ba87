// What somebody writes on librdkafka alone, as quick as it can be: the other side of kafka_bench.
//
// Threads: one.
// Errors:  end the program with a message.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "usage.hpp"

namespace tidings::bench {

// A message as it is on the wire.
struct Sample {
  std::string key;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

class RawKafka final {
 public:
  RawKafka(std::string brokers, Executor& executor);
  ~RawKafka();

  // The first messages of a topic.
  std::vector<Sample> take(const std::string& topic, std::size_t count);
  // Sends that many, the samples over and over, each by producev with headers of its own and without a copy; at most
  // `window` of them unconfirmed. Until the last report.
  Usage publish(const std::string& topic, const std::vector<Sample>& samples, int count, int window);
  // Reads that many in batches, and commits each 100 ms without waiting. From the first message to the last commit.
  Usage consume(const std::string& topic, const std::string& group, int count);
  // From the call that sends to the consumer that has it, one after the other, without linger.
  std::vector<Duration> latencies(const std::string& topic, const Sample& sample, int count);

 private:
  struct Producer;

  const std::string brokers_;
  Executor& executor_;
  std::unique_ptr<Producer> producer_;
};

}  // namespace tidings::bench
