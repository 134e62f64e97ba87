// librdkafka's objects, owned: https://github.com/confluentinc/librdkafka (2.0.2 is the oldest that works).
//
// Threads: as librdkafka's own; a handle is destroyed by whoever owns it last.
#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tidings/result.hpp"
#include "tidings/transport/settlement.hpp"

namespace tidings::kafka {

template <auto destroy>
struct DestroyedBy {
  template <class T>
  void operator()(T* object) const {
    destroy(object);
  }
};
template <class T, auto destroy>
using Owned = std::unique_ptr<T, DestroyedBy<destroy>>;

using ClientHandle = Owned<rd_kafka_t, rd_kafka_destroy>;
using ConfHandle = Owned<rd_kafka_conf_t, rd_kafka_conf_destroy>;
using QueueHandle = Owned<rd_kafka_queue_t, rd_kafka_queue_destroy>;
using EventHandle = Owned<rd_kafka_event_t, rd_kafka_event_destroy>;
using HeadersHandle = Owned<rd_kafka_headers_t, rd_kafka_headers_destroy>;
using MessageHandle = Owned<rd_kafka_message_t, rd_kafka_message_destroy>;
using PartitionListHandle = Owned<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy>;
using ErrorHandle = Owned<rd_kafka_error_t, rd_kafka_error_destroy>;
using AdminOptionsHandle = Owned<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>;
using GroupListHandle = Owned<const struct rd_kafka_group_list, rd_kafka_group_list_destroy>;

// librdkafka takes arrays of pointers.
template <class Handle>
std::vector<typename Handle::pointer> pointers(const std::vector<Handle>& handles) {
  std::vector<typename Handle::pointer> all;
  for (const Handle& handle : handles) all.push_back(handle.get());
  return all;
}

// Our kind and librdkafka's words; `doing` completes "could not ...", with what it was done to.
// invalid: no such topic or group, too large, a wrong setting; conflict: fenced, no member any more; overloaded: a
// queue is full; unsupported; otherwise unavailable.
Error to_error(rd_kafka_resp_err_t code, std::string_view doing, std::string_view words = {});
Error to_error(const rd_kafka_error_t& error, std::string_view doing);

// invalid: a topic, in our words, that nobody has made.
Error missing_topic(std::string_view topic);

PartitionListHandle partition_list(std::size_t capacity = 8);

// For librdkafka's calls: how long from now, at least 0.
int milliseconds_until(Time deadline, Time now);

}  // namespace tidings::kafka
