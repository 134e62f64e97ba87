#include "transport/kafka/client/cluster.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <set>
#include <utility>

#include "transport/kafka/client/kafka_limits.hpp"

namespace tidings::kafka {

namespace {

constexpr int kConnectMilliseconds = 1'000;
constexpr Duration kMetadataPatience = std::chrono::milliseconds{500};  // at first
constexpr Duration kMarkersWithin = std::chrono::seconds{2};
constexpr Duration kMarkersPause = std::chrono::milliseconds{5};
constexpr Duration kAskAgainAfter =
    std::chrono::seconds{3};  // at first: who was asked may be dead, and another one lead
constexpr Duration kTopicSpreadsWithin = std::chrono::seconds{5};  // to all brokers, once one of them knows it
constexpr Duration kOffsetsPause = std::chrono::milliseconds{50};
constexpr std::int64_t kEarliest = -2, kLatest = -1;  // of a ListOffsets request

Result<void> set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  std::array<char, 512> words{};
  if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), words.data(), words.size()) != RD_KAFKA_CONF_OK) {
    return invalid(fmt::format("librdkafka does not take '{}' as it is set: {}", name, words.data()));
  }
  return {};
}

bool is_unknown(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION || code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
         code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
}

}  // namespace

void Cluster::MetadataDestroyer::operator()(const struct rd_kafka_metadata* metadata) const {
  rd_kafka_metadata_destroy(metadata);
}

Result<std::shared_ptr<Cluster>> Cluster::open(KafkaOptions options, std::shared_ptr<Executor> executor) {
  std::shared_ptr<Cluster> cluster{new Cluster{std::move(options), std::move(executor)}};
  if (auto opened = cluster->open_clients(); !opened) return opened.error();
  if (auto reached = cluster->check(cluster->soon()); !reached) return reached.error();
  return cluster;
}

Result<void> Cluster::open_clients() {
  const Time deadline = executor_->now() + kReachWithin;
  const struct {
    ClientHandle* handle;
    rd_kafka_type_t type;
    Settings settings;
  } clients[] = {{&client_, RD_KAFKA_PRODUCER, {}},
                 {&reader_, RD_KAFKA_CONSUMER, {}},
                 {&raw_reader_, RD_KAFKA_CONSUMER, {{"isolation.level", "read_uncommitted"}}}};
  for (const auto& [handle, type, settings] : clients) {
    auto made = client(type, settings);
    if (!made) return made.error();
    *handle = *std::move(made);
    const auto fault = watch_->fault();
    if (handle != &client_ && !(fault && fault->certain)) continue;
    // The others would fail as this one does, unless some of the brokers are well.
    const auto reached = metadata(handle->get(), Which::none, nullptr, deadline, "reach " + options_.brokers);
    if (!reached) return reached.error();
  }
  return {};
}

Cluster::Cluster(KafkaOptions options, std::shared_ptr<Executor> executor)
    : options_{std::move(options)},
      executor_{std::move(executor)},
      names_{options_.prefix},
      watch_{std::make_unique<ClientWatch>(options_.security, executor_)} {}

Cluster::~Cluster() = default;

Time Cluster::soon() const {
  return executor_->now() + kRequestWithin;
}

Result<ClientHandle> Cluster::client(rd_kafka_type_t type, const Settings& settings,
                                     const std::function<void(rd_kafka_conf_t*)>& prepare) const {
  ConfHandle conf{rd_kafka_conf_new()};
  watch_->attach(conf.get());
  const auto security = watch_->settings();
  if (!security) return security.error();
  const Settings common{{"bootstrap.servers", options_.brokers},
                        {"client.software.name", "tidings"},
                        {"reconnect.backoff.max.ms", "1000"},  // a broker that is back is found soon
                        {"topic.metadata.refresh.interval.ms", "60000"}};
  // Of those that are members of nothing, too: librdkafka compares it with what the URL may say of
  // max.poll.interval.ms.
  Settings of_consumers;
  if (type == RD_KAFKA_CONSUMER) {
    const auto session = std::chrono::ceil<std::chrono::milliseconds>(options_.session_timeout).count();
    of_consumers.emplace_back("session.timeout.ms", std::to_string(session));
  }
  for (const Settings* all : {&common, &std::as_const(of_consumers), &*security, &settings}) {
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
  if (client == nullptr) {
    return invalid(fmt::format("librdkafka makes no client of these settings: {}{}", words.data(),
                               remedy_of_settings(words.data())));
  }
  (void)conf.release();  // the client's now
  ClientHandle handle{client};
  if (auto begun = watch_->begin(client); !begun) return begun.error();
  // What it is asked for before it is connected waits for a timer of a second. Without a broker it is made all the
  // same.
  const struct rd_kafka_metadata* answer = nullptr;
  if (rd_kafka_metadata(client, 0, nullptr, &answer, kConnectMilliseconds) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    rd_kafka_metadata_destroy(answer);
  }
  return handle;
}

// Asked again and again: what is wrong with the connections shows long before the deadline.
Result<Cluster::MetadataHandle> Cluster::metadata(rd_kafka_t* client, Which topics, rd_kafka_topic_t* topic,
                                                  Time deadline, std::string_view doing) const {
  Duration patience = kMetadataPatience;
  while (true) {
    const Time now = executor_->now();
    const int within = milliseconds_until(std::min(deadline, now + patience), now);
    const struct rd_kafka_metadata* answer = nullptr;
    const auto code = rd_kafka_metadata(client, topics == Which::all ? 1 : 0, topic, &answer, within);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
      watch_->reached();
      return MetadataHandle{answer};
    }
    const bool waits = code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__TRANSPORT;
    const auto fault = watch_->fault();
    if (!waits || (fault && fault->certain) || executor_->now() >= deadline) return failure(code, doing, last_words());
    patience *= 2;  // a slow broker answers, too
  }
}

Error Cluster::failure(rd_kafka_resp_err_t code, std::string_view doing, std::string_view words) const {
  Error error = to_error(code, doing, words);
  const bool of_security = code == RD_KAFKA_RESP_ERR__AUTHENTICATION || code == RD_KAFKA_RESP_ERR__SSL;
  if (error.kind != ErrorKind::unavailable && !of_security) return error;
  const auto fault = watch_->fault();
  if (!fault) return error;
  return {fault->kind, fmt::format("could not {}: {} ({})", doing, fault->text, rd_kafka_err2name(code))};
}

std::string Cluster::blame() const {
  const auto fault = watch_->fault();
  return fault ? "; " + fault->text : std::string{};
}

Result<Cluster::Topics> Cluster::topics(std::optional<Time> deadline) const {
  const auto answer = metadata(client_.get(), Which::all, nullptr, deadline.value_or(soon()),
                               fmt::format("ask {} for its topics", options_.brokers));
  if (!answer) return answer.error();
  const auto& all = **answer;
  Topics topics;
  for (int i = 0; i < all.topic_cnt; ++i) {
    const auto& topic = all.topics[i];
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

Result<std::optional<std::int32_t>> Cluster::partitions(const std::string& topic, std::optional<Time> deadline) const {
  if (const auto count = known(topic)) return count;
  const auto all = topics(deadline);
  if (!all) return all.error();
  if (const auto found = all->find(topic); found != all->end()) return std::optional{found->second};
  // Topics that we may not see stand in no list; asked for one of them the broker says so.
  const auto asked = has_topic(topic, deadline);
  if (!asked) return asked.error();
  if (!*asked) return std::optional<std::int32_t>{};
  const std::lock_guard lock{mutex_};
  return std::optional{known_.at(topic).partitions};
}

// Asked by a consumer: a producer's question would have some brokers make the topic.
Result<Cluster::MetadataHandle> Cluster::metadata_of(rd_kafka_t* reader, const std::string& topic,
                                                     Time deadline) const {
  const Owned<rd_kafka_topic_t, rd_kafka_topic_destroy> handle{rd_kafka_topic_new(reader, topic.c_str(), nullptr)};
  return metadata(reader, Which::none, handle.get(), deadline, "ask for topic '" + topic + "'");
}

Result<bool> Cluster::has_topic(const std::string& topic, std::optional<Time> deadline) const {
  if (known(topic)) return true;
  const auto answer = metadata_of(reader_.get(), topic, deadline.value_or(soon()));
  if (!answer) return answer.error();
  if ((*answer)->topic_cnt == 0) return false;
  const auto& found = (*answer)->topics[0];
  if (found.err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
    return to_error(found.err, "ask for topic '" + topic + "'");
  }
  if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR) return false;
  const std::lock_guard lock{mutex_};
  known_[topic] = {found.partition_cnt, executor_->now() + kTopicsKnownFor};
  return true;
}

Result<std::int32_t> Cluster::copies(const std::string& topic) const {
  const auto answer = metadata_of(reader_.get(), topic, soon());
  if (!answer) return answer.error();
  if ((*answer)->topic_cnt == 0 || (*answer)->topics[0].err != RD_KAFKA_RESP_ERR_NO_ERROR) return 0;
  const auto& found = (*answer)->topics[0];
  if (found.partition_cnt == 0) return 0;
  std::int32_t fewest = std::numeric_limits<std::int32_t>::max();
  for (int i = 0; i < found.partition_cnt; ++i) fewest = std::min(fewest, found.partitions[i].replica_cnt);
  return fewest;
}

Result<std::vector<std::int32_t>> Cluster::brokers(Time deadline) const {
  const auto answer = metadata(client_.get(), Which::none, nullptr, deadline, "reach " + options_.brokers);
  if (!answer) return answer.error();
  std::vector<std::int32_t> ids;
  for (int i = 0; i < (*answer)->broker_cnt; ++i) ids.push_back((*answer)->brokers[i].id);
  return ids;
}

Result<void> Cluster::check(Time deadline) const {
  const auto answer = metadata(client_.get(), Which::none, nullptr, deadline, "reach " + options_.brokers);
  if (!answer) return answer.error();
  return {};
}

Result<void> Cluster::refresh(rd_kafka_t* client, std::string_view doing) const {
  const auto answer = metadata(client, Which::none, nullptr, soon(), doing);
  if (!answer) return answer.error();
  return {};
}

Result<std::vector<PartitionOffset>> Cluster::offsets(std::vector<PartitionOffset> partitions, Bound bound,
                                                      std::optional<Time> until) const {
  const Time deadline = until.value_or(soon());
  if (bound == Bound::latest) return ends(std::move(partitions), deadline);
  if (bound == Bound::written) return list_offsets(raw_reader_.get(), std::move(partitions), kLatest, deadline);
  return list_offsets(reader_.get(), std::move(partitions), kEarliest, deadline);
}

// A transaction's end is answered before its partitions have heard of it.
Result<std::vector<PartitionOffset>> Cluster::ends(std::vector<PartitionOffset> partitions, Time deadline) const {
  const auto all = list_offsets(raw_reader_.get(), partitions, kLatest, deadline);
  if (!all) return all.error();
  const Time until = executor_->now() + kMarkersWithin;
  while (true) {
    auto committed = list_offsets(reader_.get(), partitions, kLatest, deadline);
    if (!committed || executor_->now() >= until) return committed;
    bool reached = true;
    for (std::size_t i = 0; i < all->size(); ++i) reached = reached && (*committed)[i].offset >= (*all)[i].offset;
    if (reached) return committed;
    executor_->sleep_until(executor_->now() + kMarkersPause);
  }
}

Result<std::vector<PartitionOffset>> Cluster::offsets_at(std::vector<PartitionOffset> partitions, Time time) const {
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
  auto found = list_offsets(reader_.get(), partitions, std::max<std::int64_t>(0, milliseconds), soon());
  if (!found) return found;
  const auto ends = offsets(std::move(partitions), Bound::latest);
  if (!ends) return ends;
  for (std::size_t i = 0; i < found->size(); ++i) {
    if ((*found)[i].offset < 0) (*found)[i].offset = (*ends)[i].offset;
  }
  return found;
}

// A topic that was just made has no leader yet, or is not known to the broker that this client asked; a leader that
// died is taken for it still. librdkafka keeps all of that until somebody asks.
Result<std::vector<PartitionOffset>> Cluster::list_offsets(rd_kafka_t* reader, std::vector<PartitionOffset> partitions,
                                                           std::int64_t time, Time deadline) const {
  if (partitions.empty()) return partitions;
  const Time known_by = std::min(deadline, executor_->now() + kTopicSpreadsWithin);
  for (Duration patience = kAskAgainAfter;; patience *= 2) {
    auto code = RD_KAFKA_RESP_ERR_NO_ERROR;
    auto found = list_offsets_once(reader, partitions, time, std::min(deadline, executor_->now() + patience), code);
    if (found) return found;
    const Time until = is_unknown(code) ? known_by : deadline;
    const bool passes = is_unknown(code) || found.error().kind == ErrorKind::unavailable;
    if (!passes || executor_->now() + kOffsetsPause >= until) return found;
    executor_->sleep_until(executor_->now() + kOffsetsPause);
    learn_leaders(reader, partitions, std::min(until, executor_->now() + patience));
  }
}

// What cannot be learned now is asked for again.
void Cluster::learn_leaders(rd_kafka_t* reader, const std::vector<PartitionOffset>& partitions, Time deadline) const {
  std::set<std::string> topics;
  for (const PartitionOffset& partition : partitions) topics.insert(partition.topic);
  for (const std::string& topic : topics) {
    if (!metadata_of(reader, topic, deadline)) return;
  }
}

Result<std::vector<PartitionOffset>> Cluster::list_offsets_once(rd_kafka_t* reader,
                                                                std::vector<PartitionOffset> partitions,
                                                                std::int64_t time, Time deadline,
                                                                rd_kafka_resp_err_t& code) const {
  const PartitionListHandle list = partition_list(partitions.size());
  for (const auto& [topic, partition, offset] : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = time;
  }
  code = rd_kafka_offsets_for_times(reader, list.get(), milliseconds_until(deadline, executor_->now()));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return failure(code, "look up offsets");
  for (PartitionOffset& partition : partitions) {
    const auto* found = rd_kafka_topic_partition_list_find(list.get(), partition.topic.c_str(), partition.partition);
    code = found == nullptr ? RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION : found->err;
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return to_error(code, fmt::format("look up an offset of '{}'", partition.topic));
    }
    partition.offset = found->offset;
  }
  return partitions;
}

// All that is asked for may be asked for twice. Whom librdkafka takes for the controller may have died.
Result<EventHandle> Cluster::request(rd_kafka_admin_op_t operation, std::string_view doing, const Send& send,
                                     std::optional<Time> until) const {
  const Time deadline = until.value_or(soon());
  for (Duration patience = kAskAgainAfter;; patience *= 2) {
    EventHandle answer = request_once(operation, send, std::min(deadline, executor_->now() + patience));
    const auto code = rd_kafka_event_error(answer.get());
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return answer;
    const bool unanswered = code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__TRANSPORT;
    if (!unanswered || executor_->now() >= deadline) {
      return failure(code, doing, rd_kafka_event_error_string(answer.get()));
    }
    (void)metadata(client_.get(), Which::none, nullptr, std::min(deadline, executor_->now() + patience), doing);
  }
}

// All brokers are asked whether they have it. Some may be dead: what one says is enough.
Result<GroupListHandle> Cluster::list_group(const std::string& group, Time deadline) const {
  const struct rd_kafka_group_list* list = nullptr;
  const auto code =
      rd_kafka_list_groups(client_.get(), group.c_str(), &list, milliseconds_until(deadline, executor_->now()));
  GroupListHandle handle{list};
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR__PARTIAL) return handle;
  return failure(code, fmt::format("look at group '{}'", group));
}

EventHandle Cluster::request_once(rd_kafka_admin_op_t operation, const Send& send, Time deadline) const {
  const AdminOptionsHandle admin{rd_kafka_AdminOptions_new(client_.get(), operation)};
  const int within = milliseconds_until(deadline, executor_->now());
  std::array<char, 256> words{};
  rd_kafka_AdminOptions_set_request_timeout(admin.get(), within, words.data(), words.size());
  const QueueHandle queue{rd_kafka_queue_new(client_.get())};
  send(client_.get(), admin.get(), queue.get());
  return EventHandle{rd_kafka_queue_poll(queue.get(), -1)};  // its time-out is an answer, too
}

}  // namespace tidings::kafka
