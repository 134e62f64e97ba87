#include "transport/kafka/group_requests.hpp"

#include "transport/kafka/kafka_limits.hpp"

namespace tidings::kafka {

namespace {

constexpr const char* kName = "tidings";
constexpr std::int16_t kJoinGroup = 11, kHeartbeat = 12, kSyncGroup = 14;

}  // namespace

void GroupRequests::listen(rd_kafka_conf_t* conf) {
  rd_kafka_conf_interceptor_add_on_new(conf, kName, begin, this);
}

rd_kafka_resp_err_t GroupRequests::begin(rd_kafka_t* client, const rd_kafka_conf_t*, void* self, char*, std::size_t) {
  rd_kafka_interceptor_add_on_request_sent(client, kName, sent, self);
  return rd_kafka_interceptor_add_on_response_received(client, kName, answered, self);
}

std::optional<GroupRequests::Request> GroupRequests::request_of(std::int16_t api_key) {
  switch (api_key) {
    case kHeartbeat:
      return heartbeat;
    case kJoinGroup:
      return join;
    case kSyncGroup:
      return sync;
    default:
      return std::nullopt;
  }
}

rd_kafka_resp_err_t GroupRequests::sent(rd_kafka_t*, int, const char*, std::int32_t, std::int16_t api_key, std::int16_t,
                                        std::int32_t, std::size_t, void* self) {
  const auto request = request_of(api_key);
  if (!request) return RD_KAFKA_RESP_ERR_NO_ERROR;
  auto& requests = *static_cast<GroupRequests*>(self);
  const std::lock_guard lock{requests.mutex_};
  requests.sent_at_[*request] = requests.executor_.now();
  if (*request == join) requests.joins_until_ = Time::min();
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

// Also of one that failed without an answer.
rd_kafka_resp_err_t GroupRequests::answered(rd_kafka_t*, int, const char*, std::int32_t, std::int16_t api_key,
                                            std::int16_t, std::int32_t, std::size_t, std::int64_t, rd_kafka_resp_err_t,
                                            void* self) {
  const auto request = request_of(api_key);
  if (!request) return RD_KAFKA_RESP_ERR_NO_ERROR;
  auto& requests = *static_cast<GroupRequests*>(self);
  const std::lock_guard lock{requests.mutex_};
  requests.sent_at_[*request].reset();
  requests.answered_at_ = requests.executor_.now();
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

void GroupRequests::joins_soon() {
  const std::lock_guard lock{mutex_};
  joins_until_ = executor_.now() + kJoinsWithin;
}

GroupRequests::Now GroupRequests::now() const {
  const std::lock_guard lock{mutex_};
  const Time now = executor_.now();
  for (const Request request : {join, sync}) {
    if (sent_at_[request] && now >= *sent_at_[request] + kJoinIsLong) return Now::joining;
  }
  bool waits = now < joins_until_ || now < answered_at_ + kAnswerIsNew;
  for (const auto& sent_at : sent_at_) waits = waits || sent_at.has_value();
  return waits ? Now::wait : Now::commit;
}

}  // namespace tidings::kafka
