// What somebody writes on rabbitmq-c alone: the other side of rabbitmq_bench.
//
// Threads: one.
// Errors:  end the program with a message.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "usage.hpp"

namespace tidings::bench {

// A message as it is on the wire.
struct AmqpSample {
  std::string exchange;
  std::string routing_key;
  std::string body;
  std::string content_type, correlation_id, message_id;
  std::uint64_t timestamp = 0;
  std::vector<std::pair<std::string, std::string>> headers;
};

class RawRabbitmq final {
 public:
  RawRabbitmq(std::string url, Executor& executor);
  ~RawRabbitmq();

  // The first messages of a queue, which are gone from it.
  std::vector<AmqpSample> take(const std::string& queue, std::size_t count);
  void purge(const std::string& queue);
  // Sends that many, the samples over and over, persistent and mandatory, with headers of their own; at most `window`
  // of them unconfirmed. Until the last is confirmed.
  Usage publish(const std::vector<AmqpSample>& samples, int count, int window);
  // Reads that many by amqp_consume_message(), and acknowledges all before each half of the prefetch at once. From the
  // first message to the last acknowledgement.
  Usage consume(const std::string& queue, int count, std::uint16_t prefetch);
  // From the call that sends to the consumer that has it, one after the other.
  std::vector<Duration> latencies(const std::string& queue, const AmqpSample& sample, int count);

 private:
  class Connection;

  const std::string url_;
  Executor& executor_;
  std::unique_ptr<Connection> requests_;
};

}  // namespace tidings::bench
