#include "transport/kafka/cluster.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "transport/kafka/kafka_limits.hpp"

namespace tidings::kafka {

namespace {

constexpr int kConnectMilliseconds = 1'000;
constexpr Duration kMarkersWithin = std::chrono::seconds{2};
constexpr Duration kMarkersPause = std::chrono::milliseconds{5};
constexpr Duration kOffsetsPause = std::chrono::milliseconds{50};
constexpr int kError = 3;                             // as syslog counts
constexpr std::int64_t kEarliest = -2, kLatest = -1;  // of a ListOffsets request

struct MetadataDestroyer {
  void operator()(const struct rd_kafka_metadata* metadata) const { rd_kafka_metadata_destroy(metadata); }
};
using MetadataHandle = std::unique_ptr<const struct rd_kafka_metadata, MetadataDestroyer>;

Result<void> set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  std::array<char, 512> words{};
  if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), words.data(), words.size()) != RD_KAFKA_CONF_OK) {
    return invalid(fmt::format("librdkafka does not take '{}' as it is set: {}", name, words.data()));
  }
  return {};
}

}  // namespace

// The answer to a question for one topic.
class Cluster::Metadata final {
 public:
  explicit Metadata(MetadataHandle answer) : answer_{std::move(answer)} {}
  // Null: it is not there.
  const struct rd_kafka_metadata_topic* topic() const {
    const bool there = answer_->topic_cnt > 0 && answer_->topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR;
    return there ? &answer_->topics[0] : nullptr;
  }

 private:
  MetadataHandle answer_;
};

// librdkafka logs on threads of its own.
class Cluster::Words final {
 public:
  static void take(const rd_kafka_t* client, int level, const char*, const char* text) {
    if (level > kError || client == nullptr) return;
    auto* words = static_cast<Words*>(rd_kafka_opaque(client));
    if (words == nullptr) return;
    const std::lock_guard lock{words->mutex_};
    words->last_ = text;
  }
  std::string last() const {
    const std::lock_guard lock{mutex_};
    return last_;
  }

 private:
  mutable std::mutex mutex_;
  std::string last_;
};

Result<std::shared_ptr<Cluster>> Cluster::open(KafkaOptions options, std::shared_ptr<Executor> executor) {
  std::shared_ptr<Cluster> cluster{new Cluster{std::move(options), std::move(executor)}};
  const struct {
    ClientHandle* handle;
    rd_kafka_type_t type;
    Settings settings;
  } clients[] = {{&cluster->client_, RD_KAFKA_PRODUCER, {}},
                 {&cluster->reader_, RD_KAFKA_CONSUMER, {}},
                 {&cluster->raw_reader_, RD_KAFKA_CONSUMER, {{"isolation.level", "read_uncommitted"}}}};
  for (const auto& [handle, type, settings] : clients) {
    auto client = cluster->client(type, settings);
    if (!client) return client.error();
    *handle = *std::move(client);
  }
  if (auto reached = cluster->check(cluster->soon()); !reached) return reached.error();
  return cluster;
}

Cluster::Cluster(KafkaOptions options, std::shared_ptr<Executor> executor)
    : options_{std::move(options)},
      executor_{std::move(executor)},
      names_{options_.prefix},
      words_{std::make_unique<Words>()} {}

Cluster::~Cluster() = default;

Time Cluster::soon() const {
  return executor_->now() + kRequestWithin;
}

Result<ClientHandle> Cluster::client(rd_kafka_type_t type, const Settings& settings,
                                     const std::function<void(rd_kafka_conf_t*)>& prepare) const {
  ConfHandle conf{rd_kafka_conf_new()};
  rd_kafka_conf_set_opaque(conf.get(), words_.get());
  rd_kafka_conf_set_log_cb(conf.get(), Words::take);
  const Settings common{{"bootstrap.servers", options_.brokers},
                        {"client.software.name", "tidings"},
                        {"topic.metadata.refresh.interval.ms", "60000"}};
  for (const auto* all : {&common, &settings}) {
    for (const auto& [name, value] : *all) {
      if (auto done = set(conf.get(), name, value); !done) return done.error();
    }
  }
  for (const auto& [name, value] : options_.rdkafka) {
    if (auto done = set(conf.get(), name, value); !done) return done.error();
  }
  if (prepare) prepare(conf.get());
  std::array<char, 512> words{};
  rd_kafka_t* client = rd_kafka_new(type, conf.get(), words.data(), words.size());
  if (client == nullptr) return invalid(fmt::format("librdkafka makes no client of these settings: {}", words.data()));
  (void)conf.release();  // the client's now
  ClientHandle handle{client};
  // What it is asked for before it is connected waits for a timer of a second. Without a broker it is made all the
  // same.
  const struct rd_kafka_metadata* answer = nullptr;
  if (rd_kafka_metadata(client, 0, nullptr, &answer, kConnectMilliseconds) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const MetadataHandle metadata{answer};
  }
  return handle;
}

Result<Cluster::Topics> Cluster::topics(std::optional<Time> deadline) const {
  const struct rd_kafka_metadata* answer = nullptr;
  const int within = milliseconds_until(deadline.value_or(soon()), executor_->now());
  const auto code = rd_kafka_metadata(client_.get(), 1, nullptr, &answer, within);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return to_error(code, fmt::format("ask {} for its topics", options_.brokers), last_words());
  }
  const MetadataHandle metadata{answer};
  Topics topics;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const auto& topic = metadata->topics[i];
    if (topic.err == RD_KAFKA_RESP_ERR_NO_ERROR) topics.emplace(topic.topic, topic.partition_cnt);
  }
  const Time until = executor_->now() + kTopicsKnownFor;
  const std::lock_guard lock{mutex_};
  known_.clear();
  for (const auto& [name, partitions] : topics) known_[name] = {partitions, until};
  return topics;
}

std::optional<std::int32_t> Cluster::known(const std::string& topic) const {
  const std::lock_guard lock{mutex_};
  const auto known = known_.find(topic);
  if (known == known_.end() || known->second.until < executor_->now()) return std::nullopt;
  return known->second.partitions;
}

Result<std::optional<std::int32_t>> Cluster::partitions(const std::string& topic) const {
  if (const auto count = known(topic)) return count;
  const auto all = topics();
  if (!all) return all.error();
  const auto found = all->find(topic);
  if (found == all->end()) return std::optional<std::int32_t>{};
  return std::optional{found->second};
}

// Asked by a consumer: a producer's question would have some brokers make the topic.
Result<Cluster::Metadata> Cluster::metadata_of(const std::string& topic) const {
  const Owned<rd_kafka_topic_t, rd_kafka_topic_destroy> handle{
      rd_kafka_topic_new(reader_.get(), topic.c_str(), nullptr)};
  const struct rd_kafka_metadata* answer = nullptr;
  const int within = milliseconds_until(soon(), executor_->now());
  const auto code = rd_kafka_metadata(reader_.get(), 0, handle.get(), &answer, within);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return to_error(code, "ask for topic '" + topic + "'", last_words());
  return Metadata{MetadataHandle{answer}};
}

Result<bool> Cluster::has_topic(const std::string& topic) const {
  if (known(topic)) return true;
  const auto metadata = metadata_of(topic);
  if (!metadata) return metadata.error();
  const auto* found = metadata->topic();
  if (found == nullptr) return false;
  const std::lock_guard lock{mutex_};
  known_[topic] = {found->partition_cnt, executor_->now() + kTopicsKnownFor};
  return true;
}

Result<std::int32_t> Cluster::copies(const std::string& topic) const {
  const auto metadata = metadata_of(topic);
  if (!metadata) return metadata.error();
  const auto* found = metadata->topic();
  if (found == nullptr || found->partition_cnt == 0) return 0;
  std::int32_t fewest = std::numeric_limits<std::int32_t>::max();
  for (int i = 0; i < found->partition_cnt; ++i) fewest = std::min(fewest, found->partitions[i].replica_cnt);
  return fewest;
}

Result<void> Cluster::check(Time deadline) const {
  const struct rd_kafka_metadata* answer = nullptr;
  const int within = milliseconds_until(deadline, executor_->now());
  const auto code = rd_kafka_metadata(client_.get(), 0, nullptr, &answer, within);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return to_error(code, "reach " + options_.brokers, last_words());
  const MetadataHandle metadata{answer};
  return {};
}

Result<std::vector<PartitionOffset>> Cluster::offsets(std::vector<PartitionOffset> partitions, Bound bound) const {
  if (bound == Bound::latest) return ends(std::move(partitions));
  if (bound == Bound::written) return list_offsets(raw_reader_.get(), std::move(partitions), kLatest);
  return list_offsets(reader_.get(), std::move(partitions), kEarliest);
}

// A transaction's end is answered before its partitions have heard of it.
Result<std::vector<PartitionOffset>> Cluster::ends(std::vector<PartitionOffset> partitions) const {
  const auto all = list_offsets(raw_reader_.get(), partitions, kLatest);
  if (!all) return all.error();
  const Time deadline = executor_->now() + kMarkersWithin;
  while (true) {
    auto committed = list_offsets(reader_.get(), partitions, kLatest);
    if (!committed || executor_->now() >= deadline) return committed;
    bool reached = true;
    for (std::size_t i = 0; i < all->size(); ++i) reached = reached && (*committed)[i].offset >= (*all)[i].offset;
    if (reached) return committed;
    executor_->sleep_until(executor_->now() + kMarkersPause);
  }
}

Result<std::vector<PartitionOffset>> Cluster::offsets_at(std::vector<PartitionOffset> partitions, Time time) const {
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
  auto found = list_offsets(reader_.get(), partitions, std::max<std::int64_t>(0, milliseconds));
  if (!found) return found;
  const auto ends = offsets(std::move(partitions), Bound::latest);
  if (!ends) return ends;
  for (std::size_t i = 0; i < found->size(); ++i) {
    if ((*found)[i].offset < 0) (*found)[i].offset = (*ends)[i].offset;
  }
  return found;
}

// A topic that was just made has no leader yet, or none that this client knows of.
Result<std::vector<PartitionOffset>> Cluster::list_offsets(rd_kafka_t* reader, std::vector<PartitionOffset> partitions,
                                                           std::int64_t time) const {
  if (partitions.empty()) return partitions;
  const Time deadline = soon();
  while (true) {
    auto found = list_offsets_once(reader, partitions, time, deadline);
    if (found || found.error().kind != ErrorKind::unavailable || executor_->now() + kOffsetsPause >= deadline) {
      return found;
    }
    executor_->sleep_until(executor_->now() + kOffsetsPause);
  }
}

Result<std::vector<PartitionOffset>> Cluster::list_offsets_once(rd_kafka_t* reader,
                                                                std::vector<PartitionOffset> partitions,
                                                                std::int64_t time, Time deadline) const {
  const PartitionListHandle list = partition_list(partitions.size());
  for (const auto& [topic, partition, offset] : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = time;
  }
  const auto code = rd_kafka_offsets_for_times(reader, list.get(), milliseconds_until(deadline, executor_->now()));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return to_error(code, "look up offsets");
  for (PartitionOffset& partition : partitions) {
    const auto* found = rd_kafka_topic_partition_list_find(list.get(), partition.topic.c_str(), partition.partition);
    const std::string doing = fmt::format("look up an offset of '{}'", partition.topic);
    if (found == nullptr) return to_error(RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, doing);
    if (found->err != RD_KAFKA_RESP_ERR_NO_ERROR) return to_error(found->err, doing);
    partition.offset = found->offset;
  }
  return partitions;
}

Result<EventHandle> Cluster::request(rd_kafka_admin_op_t operation, std::string_view doing, const Send& send) const {
  const AdminOptionsHandle admin{rd_kafka_AdminOptions_new(client_.get(), operation)};
  const int within = milliseconds_until(soon(), executor_->now());
  std::array<char, 256> words{};
  rd_kafka_AdminOptions_set_request_timeout(admin.get(), within, words.data(), words.size());
  const QueueHandle queue{rd_kafka_queue_new(client_.get())};
  send(client_.get(), admin.get(), queue.get());
  EventHandle answer{rd_kafka_queue_poll(queue.get(), -1)};  // its time-out is an answer, too
  if (const auto code = rd_kafka_event_error(answer.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return to_error(code, doing, rd_kafka_event_error_string(answer.get()));
  }
  return answer;
}

std::string Cluster::last_words() const {
  return words_->last();
}

}  // namespace tidings::kafka
