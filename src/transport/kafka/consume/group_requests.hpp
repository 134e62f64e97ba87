// Which requests of a membership are with the coordinator: whether a commit that is sent now comes with the generation
// that the group has when the broker reads it.
//
// The broker answers the requests of one connection in order. A JoinGroup waits there until all members have come, and
// what lies behind it comes with the generation before it: librdkafka 2.0 gives up all partitions when such a commit is
// refused. A JoinGroup follows the answer to a Heartbeat, a SyncGroup, or what we do ourselves.
// Requests: https://kafka.apache.org/protocol#protocol_api_keys
//
// Threads: any.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>

#include "tidings/executor.hpp"
#include "transport/kafka/client/rdkafka.hpp"

namespace tidings::kafka {

class GroupRequests final {
 public:
  // `executor` outlives it, and it the client.
  explicit GroupRequests(Executor& executor) : executor_{executor} {}

  // Hears of all requests of the client that is made with it.
  void listen(rd_kafka_conf_t* conf);

  // What it hears: a request was sent; it was answered, or failed without an answer.
  void sent(std::int16_t api_key);
  enum class Answer { heard, none };
  void answered(std::int16_t api_key, Answer answer = Answer::heard);
  // We did what makes the client join anew.
  void joins_soon();

  enum class Now {
    commit,   // none is there
    wait,     // one is, but not for long
    joining,  // the group is being put together, which may take a session
  };
  Now now() const;
  // When the last one was sent that the coordinator heard: from then on it waits a session long for the next, before it
  // gives our partitions to others. Long ago: none was.
  Time heard_at() const;

 private:
  enum Request { heartbeat, join, sync, kRequests };
  static std::optional<Request> request_of(std::int16_t api_key);

  Executor& executor_;
  mutable std::mutex mutex_;
  std::array<std::optional<Time>, kRequests> sent_at_;  // of those without an answer
  Time answered_at_ = Time::min();
  Time heard_at_ = Time::min();
  Time joins_until_ = Time::min();
};

}  // namespace tidings::kafka
