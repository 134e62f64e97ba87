#include "transport/kafka/consume/group_requests.hpp"

#include <algorithm>

#include "transport/kafka/client/kafka_limits.hpp"

namespace tidings::kafka {

namespace {

constexpr const char* kName = "tidings";
constexpr std::int16_t kJoinGroup = 11, kHeartbeat = 12, kSyncGroup = 14;

GroupRequests& of(void* opaque) {
  return *static_cast<GroupRequests*>(opaque);
}

rd_kafka_resp_err_t on_sent(rd_kafka_t*, int, const char*, std::int32_t, std::int16_t api_key, std::int16_t,
                            std::int32_t, std::size_t, void* requests) {
  of(requests).sent(api_key);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t on_answered(rd_kafka_t*, int, const char*, std::int32_t, std::int16_t api_key, std::int16_t,
                                std::int32_t, std::size_t, std::int64_t, rd_kafka_resp_err_t error, void* requests) {
  const bool heard = error == RD_KAFKA_RESP_ERR_NO_ERROR;
  of(requests).answered(api_key, heard ? GroupRequests::Answer::heard : GroupRequests::Answer::none);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t on_new(rd_kafka_t* client, const rd_kafka_conf_t*, void* requests, char*, std::size_t) {
  rd_kafka_interceptor_add_on_request_sent(client, kName, on_sent, requests);
  return rd_kafka_interceptor_add_on_response_received(client, kName, on_answered, requests);
}

}  // namespace

void GroupRequests::listen(rd_kafka_conf_t* conf) {
  rd_kafka_conf_interceptor_add_on_new(conf, kName, on_new, this);
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

void GroupRequests::sent(std::int16_t api_key) {
  const auto request = request_of(api_key);
  if (!request) return;
  const std::lock_guard lock{mutex_};
  sent_at_[*request] = executor_.now();
  if (*request == join) joins_until_ = Time::min();
}

void GroupRequests::answered(std::int16_t api_key, Answer answer) {
  const auto request = request_of(api_key);
  if (!request) return;
  const std::lock_guard lock{mutex_};
  if (answer == Answer::heard && sent_at_[*request]) heard_at_ = std::max(heard_at_, *sent_at_[*request]);
  sent_at_[*request].reset();
  answered_at_ = executor_.now();
}

void GroupRequests::joins_soon() {
  const std::lock_guard lock{mutex_};
  joins_until_ = executor_.now() + kJoinsWithin;
}

Time GroupRequests::heard_at() const {
  const std::lock_guard lock{mutex_};
  return heard_at_;
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
