#include "transport/kafka/member_client.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <tuple>

#include "transport/kafka/client_death.hpp"
#include "transport/kafka/kafka_limits.hpp"

namespace tidings::kafka {

namespace {

constexpr int kHeartbeatsPerSession = 10;

std::string milliseconds(Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

void ring(rd_kafka_t*, void* bell) {
  static_cast<Bell*>(bell)->ring();
}

}  // namespace

PartitionListHandle partition_list(const std::vector<CommitOf>& offsets) {
  PartitionListHandle list = partition_list(offsets.size());
  for (const CommitOf& offset : offsets) {
    auto* added = rd_kafka_topic_partition_list_add(list.get(), offset.topic.c_str(), offset.partition);
    added->offset = offset.offset;
    added->metadata = ::strdup(offset.metadata.c_str());  // the list's, which frees it
    added->metadata_size = offset.metadata.size();
  }
  return list;
}

Result<std::unique_ptr<MemberClient>> MemberClient::open(const Cluster& cluster, const Who& who,
                                                         std::shared_ptr<Bell> bell) {
  std::unique_ptr<MemberClient> member{new MemberClient{cluster, who, std::move(bell)}};
  if (auto opened = member->reopen(cluster); !opened) return opened.error();
  return member;
}

MemberClient::MemberClient(const Cluster& cluster, Who who, std::shared_ptr<Bell> bell)
    : executor_{cluster.executor()}, who_{std::move(who)}, bell_{std::move(bell)} {}

Result<void> MemberClient::reopen(const Cluster& cluster) {
  auto requests = std::make_shared<GroupRequests>(executor_);
  auto made = make(cluster, who_, requests);
  if (!made) return made.error();
  all_requests_.push_back(requests);
  requests_ = std::move(requests);
  rd_kafka_poll_set_consumer(made->get());
  QueueHandle queue{rd_kafka_queue_get_consumer(made->get())};
  {
    const std::lock_guard lock{mutex_};
    std::swap(queue, queue_);
  }
  queue.reset();  // before its client
  client_ = *std::move(made);
  return {};
}

Result<MemberClient::Client> MemberClient::make(const Cluster& cluster, const Who& who,
                                                const std::shared_ptr<GroupRequests>& requests) {
  const Duration session = cluster.options().session_timeout;
  const Duration poll_within = std::max<Duration>(session, std::chrono::minutes{1});  // we poll all the time
  auto client = cluster.client(
      RD_KAFKA_CONSUMER,
      {{"group.id", who.group_id},
       {"client.id", who.instance},
       {"enable.auto.commit", "false"},
       {"enable.auto.offset.store", "false"},
       {"auto.offset.reset", "earliest"},
       {"partition.assignment.strategy", "cooperative-sticky"},
       {"session.timeout.ms", milliseconds(session)},
       {"heartbeat.interval.ms", milliseconds(session / kHeartbeatsPerSession)},
       {"max.poll.interval.ms", milliseconds(poll_within)},
       {"topic.metadata.refresh.interval.ms", milliseconds(kRefreshEvery)},
       {"fetch.wait.max.ms", "100"},
       {"queued.max.messages.kbytes", std::to_string(kFetchedKilobytesMax)},
       {"allow.auto.create.topics", "false"}},
      [&](rd_kafka_conf_t* conf) {
        if (!who.static_id.empty()) rd_kafka_conf_set(conf, "group.instance.id", who.static_id.c_str(), nullptr, 0);
        requests->listen(conf);
        rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_OFFSET_COMMIT);
      });
  if (!client) return client.error();
  return Client{*std::move(client)};
}

void MemberClient::wake() {
  const std::lock_guard lock{mutex_};
  rd_kafka_queue_yield(queue_.get());
}

void MemberClient::fence() {
  rd_kafka_test_fatal_error(client_.get(), RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, "asked for by a test");
}

bool MemberClient::is_fenced() const {
  return death_of(client_.get()) == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID;
}

MemberClient::~MemberClient() = default;

EventHandle MemberClient::next_event(Time deadline) {
  return EventHandle{rd_kafka_queue_poll(queue_.get(), milliseconds_until(deadline, executor_.now()))};
}

Result<void> MemberClient::subscribe(const std::set<std::string>& topics) {
  const PartitionListHandle list = partition_list(topics.size());
  for (const std::string& topic : topics) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  }
  requests_->joins_soon();
  const auto code = rd_kafka_subscribe(client_.get(), list.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return to_error(code, "subscribe");
  return {};
}

Result<std::vector<Committed>> MemberClient::committed(const rd_kafka_topic_partition_list_t& partitions) const {
  const PartitionListHandle list{rd_kafka_topic_partition_list_copy(&partitions)};
  const Time deadline = executor_.now() + kLookWithin;
  const auto code = rd_kafka_committed(client_.get(), list.get(), milliseconds_until(deadline, executor_.now()));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return to_error(code, "look up what the group has settled");
  std::vector<Committed> committed;
  for (int i = 0; i < list->cnt; ++i) {
    const auto& found = list->elems[i];
    if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR) return to_error(found.err, "look up what the group has settled");
    Committed& partition = committed.emplace_back(Committed{found.topic, found.partition, {}});
    if (found.offset < 0) continue;
    auto record = read_commit(found.offset, {static_cast<const char*>(found.metadata), found.metadata_size});
    // Damaged metadata: what it said beyond the offset comes again.
    partition.record = record ? *std::move(record) : CommitRecord{.watermark = found.offset};
  }
  return committed;
}

PartitionQueue MemberClient::partition_queue(const std::string& topic, std::int32_t partition) const {
  return {client_, topic, partition, *bell_};
}

PartitionQueue::PartitionQueue(std::shared_ptr<rd_kafka_t> client, const std::string& topic, std::int32_t partition,
                               Bell& bell)
    : client_{std::move(client)}, queue_{rd_kafka_queue_get_partition(client_.get(), topic.c_str(), partition)} {
  rd_kafka_queue_forward(queue_.get(), nullptr);
  rd_kafka_queue_cb_event_enable(queue_.get(), ring, &bell);
}

PartitionQueue::~PartitionQueue() {
  if (queue_ != nullptr) rd_kafka_queue_cb_event_enable(queue_.get(), nullptr, nullptr);
}

std::vector<MessageHandle> PartitionQueue::take(std::size_t max) {
  std::array<rd_kafka_message_t*, kFetchMax> fetched{};
  const auto count = rd_kafka_consume_batch_queue(queue_.get(), 0, fetched.data(), std::min(max, fetched.size()));
  std::vector<MessageHandle> messages;
  for (ssize_t i = 0; i < count; ++i) {
    MessageHandle message{fetched[static_cast<std::size_t>(i)]};
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) messages.push_back(std::move(message));
  }
  return messages;
}

// What librdkafka says against it comes as an error of the group later.
void MemberClient::assign(const rd_kafka_topic_partition_list_t& partitions) {
  const ErrorHandle error{rd_kafka_incremental_assign(client_.get(), &partitions)};
}

void MemberClient::unassign(const rd_kafka_topic_partition_list_t& partitions) {
  requests_->joins_soon();
  const ErrorHandle error{rd_kafka_incremental_unassign(client_.get(), &partitions)};
}

bool MemberClient::commit(const std::vector<CommitOf>& offsets, void* opaque) {
  const PartitionListHandle list = partition_list(offsets);
  return rd_kafka_commit_queue(client_.get(), list.get(), queue_.get(), nullptr, opaque) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

// By a client of its own: one with an instance's name would be fenced, for good, by the life before.
Result<void> commit_as_nobody(const Cluster& cluster, const std::string& group_id,
                              const std::vector<CommitOf>& offsets) {
  if (offsets.empty()) return {};
  const auto client = cluster.client(RD_KAFKA_CONSUMER, {{"group.id", group_id}, {"enable.auto.commit", "false"}});
  if (!client) return client.error();
  const PartitionListHandle list = partition_list(offsets);
  const auto code = rd_kafka_commit(client->get(), list.get(), 0);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return to_error(code, "commit where the group begins");
  return {};
}

bool MemberClient::has_joined() const {
  char* id = rd_kafka_memberid(client_.get());
  const bool joined = id != nullptr && *id != '\0';
  if (id != nullptr) rd_kafka_mem_free(client_.get(), id);
  return joined;
}

void MemberClient::abandon(std::shared_ptr<const Cluster> cluster) {
  (void)new std::tuple{std::move(cluster), requests_, client_};
}

void MemberClient::begin_close() {
  const ErrorHandle error{rd_kafka_consumer_close_queue(client_.get(), queue_.get())};
}

}  // namespace tidings::kafka
