// What all clients of a cluster say of their connections, and who they are there: it hears librdkafka's logs, looks at
// the verdicts on certificates, and gives tokens.
//
// Threads: any, at once; librdkafka calls it on its own.
// Outlives every client that it is attached to.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tidings/executor.hpp"
#include "transport/kafka/client/bearer_token.hpp"
#include "transport/kafka/client/connection_fault.hpp"
#include "transport/kafka/client/rdkafka.hpp"

namespace tidings::kafka {

class ClientWatch final {
 public:
  ClientWatch(const Security& security, std::shared_ptr<Executor> executor);

  // Of a client that is about to be made: who we are, by librdkafka's properties. They hold secrets: they are never
  // printed. invalid: a file or variable that holds a secret cannot be read.
  Result<std::vector<std::pair<std::string, std::string>>> settings() const;
  void attach(rd_kafka_conf_t* conf);
  // Once it is made.
  Result<void> begin(rd_kafka_t* client);
  // A broker answered: who hangs up from now on dies, rather than that our settings are wrong.
  void reached() { reached_ = true; }
  // What librdkafka logs, on any thread of its own; `level` as syslog counts.
  void hear(int level, const char* text);

  // What librdkafka said last of something that fails; empty: nothing.
  std::string last_words() const;
  // What was wrong with a connection, if that was lately.
  std::optional<ConnectionFault> fault() const;

 private:
  static void log(const rd_kafka_t* client, int level, const char* facility, const char* text);
  static int verify(rd_kafka_t* client, const char* broker, std::int32_t id, int* fault, int depth, const char* bytes,
                    std::size_t size, char* words, std::size_t words_size, void* self);
  static void refresh(rd_kafka_t* client, const char* configuration, void* self);
  void note(ConnectionFault fault);

  const Security security_;
  const std::shared_ptr<Executor> executor_;
  TokenSource tokens_;
  mutable std::mutex mutex_;
  std::string last_words_;
  std::optional<ConnectionFault> fault_;
  Time fault_at_{};
  std::atomic<bool> reached_ = false;
};

}  // namespace tidings::kafka
