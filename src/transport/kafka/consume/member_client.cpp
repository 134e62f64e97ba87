#include "transport/kafka/consume/member_client.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <tuple>

#include "transport/kafka/client/kafka_limits.hpp"

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
  const Duration session = cluster.options().session_timeout;
  // We poll all the time; a revocation must end before it.
  const Duration revoked_by = cluster.options().revoke_within + 3 * kLastCommitWithin;
  const Duration poll_within = std::max({session, Duration{std::chrono::minutes{1}}, revoked_by});
  auto requests = std::make_shared<GroupRequests>(cluster.executor());
  auto client = cluster.client(
      RD_KAFKA_CONSUMER,
      {{"group.id", who.group_id},
       {"client.id", who.instance},
       {"enable.auto.commit", "false"},
       {"enable.auto.offset.store", "false"},
       {"auto.offset.reset", cluster.options().when_expired == WhenExpired::end ? "latest" : "earliest"},
       {"partition.assignment.strategy", "cooperative-sticky"},
       {"session.timeout.ms", milliseconds(session)},
       {"heartbeat.interval.ms", milliseconds(session / kHeartbeatsPerSession)},
       {"max.poll.interval.ms", milliseconds(poll_within)},
       {"topic.metadata.refresh.interval.ms", milliseconds(kRefreshEvery)},
       {"fetch.wait.max.ms", "100"},
       {"queued.max.messages.kbytes", std::to_string(kFetchedKilobytesMax)},
       {"queued.min.messages", std::to_string(kFetchedRecordsMax)},
       {"allow.auto.create.topics", "false"}},
      [&](rd_kafka_conf_t* conf) {
        if (!who.static_id.empty()) rd_kafka_conf_set(conf, "group.instance.id", who.static_id.c_str(), nullptr, 0);
        requests->listen(conf);
        rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_OFFSET_COMMIT);
      });
  if (!client) return client.error();
  // Who ends it last, a delivery perhaps, ends what it calls, too.
  std::shared_ptr<rd_kafka_t> shared{client->release(), [requests](rd_kafka_t* gone) { rd_kafka_destroy(gone); }};
  return std::unique_ptr<MemberClient>{
      new MemberClient{cluster, std::move(requests), std::move(shared), std::move(bell)}};
}

MemberClient::MemberClient(const Cluster& cluster, std::shared_ptr<GroupRequests> requests,
                           std::shared_ptr<rd_kafka_t> client, std::shared_ptr<Bell> bell)
    : executor_{cluster.executor()},
      session_{cluster.options().session_timeout},
      when_expired_{cluster.options().when_expired},
      bell_{std::move(bell)},
      requests_{std::move(requests)},
      client_{std::move(client)} {
  rd_kafka_poll_set_consumer(client_.get());
  queue_.reset(rd_kafka_queue_get_consumer(client_.get()));
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

std::unique_ptr<PartitionSource> MemberClient::partition_queue(const std::string& topic,
                                                               const transport::PartitionId& id,
                                                               Fetched::Kind kind) const {
  return std::make_unique<PartitionQueue>(client_, topic, id, kind, when_expired_, *bell_);
}

PartitionQueue::PartitionQueue(std::shared_ptr<rd_kafka_t> client, std::string topic, transport::PartitionId id,
                               Fetched::Kind kind, WhenExpired when_expired, Bell& bell)
    : client_{std::move(client)},
      topic_{std::move(topic)},
      id_{std::move(id)},
      kind_{kind},
      when_expired_{when_expired},
      queue_{rd_kafka_queue_get_partition(client_.get(), topic_.c_str(), id_.partition)} {
  rd_kafka_queue_forward(queue_.get(), nullptr);
  rd_kafka_queue_cb_event_enable(queue_.get(), ring, &bell);
}

PartitionQueue::~PartitionQueue() {
  rd_kafka_queue_cb_event_enable(queue_.get(), nullptr, nullptr);
}

std::shared_ptr<const Fetched> PartitionQueue::take(std::size_t max) {
  std::array<rd_kafka_message_t*, kFetchMax> fetched{};
  const auto count = rd_kafka_consume_batch_queue(queue_.get(), 0, fetched.data(), std::min(max, fetched.size()));
  std::vector<MessageHandle> messages;
  messages.reserve(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  for (ssize_t i = 0; i < count; ++i) {
    MessageHandle message{fetched[static_cast<std::size_t>(i)]};
    taken_bytes_ += message->len + message->key_len;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) messages.push_back(std::move(message));
  }
  taken_ += messages.size();
  if (taken_ >= kFetchedRecordsMax / 2 || taken_bytes_ >= kFetchedKilobytesMax * 1024 / 2) {
    taken_ = taken_bytes_ = 0;
    wake_fetching(*client_);
  }
  if (messages.empty()) return nullptr;
  return std::make_shared<const Fetched>(client_, std::move(messages), id_.topic, kind_);
}

void wake_fetching(rd_kafka_t& client) {
  const auto setting = [&](const char* name) {
    std::size_t size = 0;
    if (rd_kafka_conf_get(rd_kafka_conf(&client), name, nullptr, &size) != RD_KAFKA_CONF_OK) return std::string{};
    std::string value(size, '\0');
    rd_kafka_conf_get(rd_kafka_conf(&client), name, value.data(), &size);
    value.resize(std::strlen(value.c_str()));
    return value;
  };
  const std::string user = setting("sasl.username"), password = setting("sasl.password");
  const ErrorHandle error{rd_kafka_sasl_set_credentials(&client, user.c_str(), password.c_str())};
}

// Each answer with records says where the log begins.
std::int64_t PartitionQueue::expired_before(std::int64_t next, std::int64_t offset) const {
  std::int64_t begin = -1, end = -1;
  rd_kafka_get_watermark_offsets(client_.get(), topic_.c_str(), id_.partition, &begin, &end);
  if (begin <= next) return next;
  return when_expired_ == WhenExpired::end ? offset : std::min(begin, offset);
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

bool MemberClient::begin_close() {
  const ErrorHandle error{rd_kafka_consumer_close_queue(client_.get(), queue_.get())};
  return error == nullptr;
}

}  // namespace tidings::kafka
