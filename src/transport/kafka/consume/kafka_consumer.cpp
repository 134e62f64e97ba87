#include "transport/kafka/consume/kafka_consumer.hpp"

#include <algorithm>
#include <utility>

#include "base/countdown.hpp"
#include "transport/driver/delivery_token.hpp"
#include "transport/kafka/client/kafka_limits.hpp"

namespace tidings::kafka {

using transport::Batch;
using transport::PartitionId;
using transport::Settlement;
using transport::SubscriptionSpec;

namespace {

// Slots tell the members apart: odd ones are of events, even ones of retries.
constexpr std::uint64_t kFirstOfEvents = 1, kFirstOfRetries = 2, kSlotStep = 2;

bool is_of_events(std::uint64_t token) {
  return transport::slot_of(token) % kSlotStep == kFirstOfEvents % kSlotStep;
}

MemberSpec retries_of(const MemberSpec& events, const TopicNames& names) {
  MemberSpec retries = events;
  const std::string topic = retry_topic(events.subscriber, names);
  retries.who.group_id = topic;
  retries.kind = Fetched::Kind::copies;
  retries.start = {};
  retries.topics = [topic] { return std::set<std::string>{topic}; };
  retries.first_slot = kFirstOfRetries;
  retries.slot_step = kSlotStep;
  return retries;
}

}  // namespace

Result<std::unique_ptr<transport::Consumer>> KafkaConsumer::join(std::shared_ptr<Cluster> cluster,
                                                                 std::shared_ptr<Producer> producer,
                                                                 const SubscriptionSpec& spec, MemberSpec events,
                                                                 ConsumerPorts ports) {
  events.first_slot = kFirstOfEvents;
  events.slot_step = kSlotStep;
  std::unique_ptr<KafkaConsumer> consumer{
      new KafkaConsumer{cluster, producer, spec, retries_of(events, cluster->names()), std::move(ports)}};
  const std::string retries = retry_topic(events.subscriber, cluster->names());
  events.ensure_topic = [ensure = std::move(events.ensure_topic), bell = consumer->retries_bell_,
                         retries](const std::string& topic) {
    auto ensured = ensure(topic);
    if (topic == retries) bell->ring();
    return ensured;
  };
  auto joined = KafkaMember::join(std::move(cluster), std::move(producer), std::move(events), consumer->bell_);
  if (!joined) return joined.error();
  consumer->events_ = *std::move(joined);
  consumer->thread_ =
      consumer->cluster_->executor().spawn("kafka-retries", [self = consumer.get()] { self->look_for_retries(); });
  return std::unique_ptr<transport::Consumer>{std::move(consumer)};
}

KafkaConsumer::KafkaConsumer(std::shared_ptr<Cluster> cluster, std::shared_ptr<Producer> producer,
                             const SubscriptionSpec& spec, MemberSpec retries, ConsumerPorts ports)
    : cluster_{std::move(cluster)},
      producer_{std::move(producer)},
      in_flight_max_{spec.in_flight_max},
      in_flight_bytes_max_{spec.in_flight_bytes_max},
      board_{retries.board},
      of_retries_{std::move(retries)},
      ports_{std::move(ports)},
      bell_{std::make_shared<Bell>(cluster_->executor())},
      retries_bell_{std::make_shared<Bell>(cluster_->executor())} {}

KafkaConsumer::~KafkaConsumer() {
  stopping_ = true;
  retries_bell_->ring();
  events_.reset();  // first: who looks for retries may wait for the cluster
  thread_.reset();
  retries_.reset();
  if (board_ != nullptr) board_->remove();
  if (ports_.left) ports_.left();
}

Result<Batch> KafkaConsumer::receive(std::size_t max, Time deadline) {
  const Deadline end{cluster_->executor(), deadline};
  while (true) {
    const std::uint64_t heard = bell_->rings();
    Batch batch;
    Room room = this->room(max);
    events_->take(room, batch);
    if (auto* retries = this->retries()) retries->take(room, batch);
    if (batch.notices.empty() && batch.deliveries.empty()) {
      if (auto trouble = this->trouble()) return *std::move(trouble);
    }
    if (!batch.notices.empty() || !batch.deliveries.empty() || woken_.exchange(false) || end.reached()) return batch;
    Time until = end.at();
    if (const auto* retries = this->retries()) until = std::min(until, retries->waits_until());
    bell_->wait(heard, until);
  }
}

// What passes by itself is none.
void KafkaConsumer::note_trouble(Error error) {
  if (error.kind == ErrorKind::unavailable || error.kind == ErrorKind::overloaded) return;
  {
    const std::lock_guard lock{mutex_};
    retries_trouble_ = std::move(error);
  }
  bell_->ring();
}

std::optional<Error> KafkaConsumer::trouble() {
  auto trouble = events_->trouble();
  const std::lock_guard lock{mutex_};
  if (!trouble) trouble = std::exchange(retries_trouble_, std::nullopt);
  if (auto* retries = this->retries(); retries != nullptr && !trouble) trouble = retries->trouble();
  return trouble;
}

Room KafkaConsumer::room(std::size_t max) const {
  KafkaMember::InFlight all = events_->in_flight();
  if (const auto* retries = this->retries()) {
    const auto others = retries->in_flight();
    all.records += others.records;
    all.bytes += others.bytes;
  }
  return {.records = std::min(max, in_flight_max_ - std::min(all.records, in_flight_max_)),
          .bytes = static_cast<std::int64_t>(in_flight_bytes_max_) - static_cast<std::int64_t>(all.bytes)};
}

// As soon as something waits there: most subscriptions never need it.
void KafkaConsumer::look_for_retries() {
  while (true) {
    const std::uint64_t heard = retries_bell_->rings();
    if (stopping_) return;
    if (ports_.has_retries() && join_retries()) return;
    retries_bell_->wait(heard, cluster_->executor().now() + kLookForRetriesEvery);
  }
}

bool KafkaConsumer::join_retries() {
  auto joined = KafkaMember::join(cluster_, producer_, of_retries_, bell_);
  if (!joined) {  // tried again
    note_trouble(joined.error());
    return false;
  }
  retries_ = *std::move(joined);
  retries_ready_ = true;
  bell_->ring();
  return true;
}

void KafkaConsumer::settle(std::vector<Settlement> settlements, Settled settled) {
  const auto call = std::make_shared<SettleCall>();
  call->settled = std::move(settled);
  call->deadline = cluster_->executor().now() + transport::kSettleWithin;
  if (settlements.empty()) return;
  auto* retries = this->retries();
  if (retries == nullptr) return events_->settle({call, std::move(settlements), {}});
  SettleOrders of_events{call, {}, {}}, of_retries{call, {}, {}};
  for (std::size_t i = 0; i < settlements.size(); ++i) {
    auto& to = is_of_events(settlements[i].token) ? of_events : of_retries;
    to.settlements.push_back(std::move(settlements[i]));
    to.indexes.push_back(i);
  }
  if (!of_events.indexes.empty()) events_->settle(std::move(of_events));
  if (!of_retries.indexes.empty()) retries->settle(std::move(of_retries));
}

void KafkaConsumer::set_flow(std::span<const PartitionId> partitions, Flow flow) {
  for (const PartitionId& partition : partitions) {
    events_->set_paused(partition, flow == Flow::paused);
    if (auto* retries = this->retries()) retries->set_paused(partition, flow == Flow::paused);
  }
  bell_->ring();
}

std::span<std::atomic<std::uint64_t>> KafkaConsumer::running() {
  if (board_ == nullptr) return {};
  return board_->running();
}

void KafkaConsumer::wake() {
  woken_ = true;
  bell_->ring();
}

}  // namespace tidings::kafka
