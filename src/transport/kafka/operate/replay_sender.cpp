#include "transport/kafka/operate/replay_sender.hpp"

#include "transport/kafka/client/kafka_limits.hpp"
#include "transport/kafka/consume/kept_copy.hpp"

namespace tidings::kafka {

namespace {
constexpr std::int32_t kAtOnce = 0;  // partition of a retry topic
}

ReplaySender::~ReplaySender() {
  if (producer_) producer_->close(cluster_->executor().now() + transport::kCloseWithin);
}

Result<void> ReplaySender::open() {
  auto producer = Producer::open(cluster_, {.deliver_within = kRequestWithin});
  if (!producer) return producer.error();
  producer_ = *std::move(producer);
  return {};
}

Result<void> ReplaySender::send(transport::Record record, const Copy& copy) {
  if (auto room = wait_for(kReplaysUnderWayMax - 1); !room) return room;
  const auto topic = prepare_retries(*cluster_, copy.group, copy.subscription);
  if (!topic) return topic.error();
  record.time = cluster_->executor().now();  // from when it lies there
  {
    const std::lock_guard lock{mutex_};
    ++under_way_;
  }
  const auto answered = [this](const Result<void>& outcome) {
    const std::lock_guard lock{mutex_};
    if (!outcome && !refused_) refused_ = outcome.error();
    --under_way_;
    answered_->notify_all();
  };
  std::vector<Message> messages;
  messages.push_back(
      {.topic = *topic, .record = std::move(record), .copy = copy, .partition = kAtOnce, .answered = answered});
  producer_->send(std::move(messages));
  return {};
}

Result<void> ReplaySender::finish() {
  return wait_for(0);
}

Result<void> ReplaySender::wait_for(std::size_t under_way) {
  std::unique_lock lock{mutex_};
  const auto done = [&] { return under_way_ <= under_way || refused_; };
  const bool in_time = answered_->wait_until(lock, cluster_->soon(), cluster_->executor(), done);
  if (refused_) return *refused_;
  if (!in_time) return unavailable("a replay was not confirmed in time: what was sent may or may not be there");
  return {};
}

}  // namespace tidings::kafka
