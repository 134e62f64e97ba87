#include "transport/kafka/admin/topic_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "transport/kafka/client/kafka_limits.hpp"

namespace tidings::kafka {

namespace {

constexpr Duration kRangeWait = std::chrono::milliseconds{2};
constexpr std::size_t kFetchBytesBetweenJumps = 128u << 10;  // more would be fetched for nothing

using PartitionName = std::pair<std::string, std::int32_t>;

// What of these is still to be read, of each partition one span.
class Remaining final {
 public:
  explicit Remaining(std::span<const OffsetSpan> spans) {
    for (const OffsetSpan& span : spans) left_.emplace(PartitionName{span.topic, span.partition}, span);
  }
  bool empty() const { return left_.empty(); }
  // False: it lies elsewhere.
  bool takes(const PartitionName& name, std::int64_t offset) const {
    const auto found = left_.find(name);
    return found != left_.end() && offset >= found->second.begin && offset < found->second.end;
  }
  void read_before(const PartitionName& name, std::int64_t offset) {
    const auto found = left_.find(name);
    if (found != left_.end() && offset >= found->second.end) left_.erase(found);
  }

 private:
  std::map<PartitionName, OffsetSpan> left_;
};

// At most one of each partition at a time.
std::vector<std::vector<OffsetSpan>> rounds_of(std::span<const OffsetSpan> spans) {
  std::map<PartitionName, std::size_t> counts;
  std::vector<std::vector<OffsetSpan>> rounds;
  for (const OffsetSpan& span : spans) {
    if (span.begin >= span.end) continue;
    const std::size_t round = counts[{span.topic, span.partition}]++;
    if (round == rounds.size()) rounds.emplace_back();
    rounds[round].push_back(span);
  }
  return rounds;
}

Settings settings_of(const Cluster& cluster, const Fetching& fetching) {
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(fetching.wait).count();
  return {{"group.id", cluster.names().on_cluster("tidings.reader")},  // never joined, nor committed for
          {"enable.auto.commit", "false"},
          {"enable.auto.offset.store", "false"},
          {"auto.offset.reset", "earliest"},
          {"isolation.level", "read_committed"},
          {"enable.partition.eof", "true"},
          {"fetch.message.max.bytes", std::to_string(fetching.bytes)},
          {"fetch.wait.max.ms", std::to_string(milliseconds)},
          {"fetch.error.backoff.ms", "20"}};
}

bool is_passing(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN ||
         code == RD_KAFKA_RESP_ERR__RESOLVE || code == RD_KAFKA_RESP_ERR__TIMED_OUT;
}

// False: `visit` wants no more.
Result<bool> read_round(const Cluster& cluster, TopicReader& reader, std::span<const OffsetSpan> round,
                        const std::function<bool(const rd_kafka_message_t&)>& visit) {
  Remaining remaining{round};
  std::vector<PartitionOffset> from;
  for (const OffsetSpan& span : round) from.push_back({span.topic, span.partition, span.begin});
  if (auto assigned = reader.assign(from); !assigned) return assigned.error();
  Time deadline = cluster.soon();
  while (!remaining.empty()) {
    auto next = reader.next(deadline);
    if (!next) return next.error();
    if (next->message != nullptr) {
      const rd_kafka_message_t& message = *next->message;
      const PartitionName name{rd_kafka_topic_name(message.rkt), message.partition};
      if (remaining.takes(name, message.offset) && !visit(message)) return false;
      remaining.read_before(name, message.offset + 1);
    } else if (next->end) {
      remaining.read_before({next->end->topic, next->end->partition}, next->end->offset);
    } else if (cluster.executor().now() >= deadline) {
      return unavailable(
          fmt::format("could not read topic '{}' to its end: nothing came for {} s; is its broker there?",
                      round.front().topic, std::chrono::duration_cast<std::chrono::seconds>(kRequestWithin).count()));
    } else {
      continue;
    }
    deadline = cluster.soon();
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<TopicReader>> TopicReader::open(const Cluster& cluster, const Fetching& fetching) {
  auto client = cluster.client(RD_KAFKA_CONSUMER, settings_of(cluster, fetching));
  if (!client) return client.error();
  rd_kafka_poll_set_consumer(client->get());
  return std::unique_ptr<TopicReader>{new TopicReader{cluster, *std::move(client)}};
}

// A client that is new asks for leaders when its timer says so, up to a second later; so they are asked for here.
Result<void> TopicReader::learn_leaders(std::span<const PartitionOffset> of) {
  bool is_new = false;
  for (const auto& [topic, partition, offset] : of) {
    auto& handle = topics_[topic];
    if (handle != nullptr) continue;
    handle.reset(rd_kafka_topic_new(client_.get(), topic.c_str(), nullptr));
    is_new = true;
  }
  if (!is_new) return {};
  return cluster_.refresh(client_.get(), "find the leaders of topics");
}

Result<void> TopicReader::assign(std::span<const PartitionOffset> from) {
  if (auto learned = learn_leaders(from); !learned) return learned;
  const PartitionListHandle list = partition_list(from.size());
  for (const auto& [topic, partition, offset] : from) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = offset;
  }
  const auto code = rd_kafka_assign(client_.get(), list.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return to_error(code, "read topics");
  return {};
}

Result<TopicReader::Next> TopicReader::next(Time deadline) {
  Next next;
  const int within = milliseconds_until(deadline, cluster_.executor().now());
  next.message.reset(rd_kafka_consumer_poll(client_.get(), within));
  if (next.message == nullptr || next.message->err == RD_KAFKA_RESP_ERR_NO_ERROR) return next;
  const MessageHandle news = std::move(next.message);
  if (news->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    next.end = {rd_kafka_topic_name(news->rkt), news->partition, news->offset};
    return next;
  }
  if (is_passing(news->err)) return next;  // librdkafka goes on by itself
  const std::string topic = news->rkt != nullptr ? rd_kafka_topic_name(news->rkt) : "";
  return to_error(news->err, fmt::format("read topic '{}'", topic), rd_kafka_message_errstr(news.get()));
}

Result<void> read_range(const Cluster& cluster, std::span<const OffsetSpan> spans,
                        const std::function<bool(const rd_kafka_message_t&)>& visit) {
  const auto rounds = rounds_of(spans);
  if (rounds.empty()) return {};
  const bool jumps = rounds.size() > 1;
  auto reader =
      TopicReader::open(cluster, {.wait = kRangeWait, .bytes = jumps ? kFetchBytesBetweenJumps : Fetching{}.bytes});
  if (!reader) return reader.error();
  for (const auto& round : rounds) {
    const auto goes_on = read_round(cluster, **reader, round, visit);
    if (!goes_on) return goes_on.error();
    if (!*goes_on) break;
  }
  return {};
}

Result<std::vector<OffsetSpan>> whole(const Cluster& cluster, std::span<const std::string> topics) {
  std::vector<PartitionOffset> partitions;
  for (const std::string& topic : topics) {
    const auto count = cluster.partitions(topic);
    if (!count) return count.error();
    for (std::int32_t i = 0; i < count->value_or(0); ++i) partitions.push_back({topic, i, 0});
  }
  const auto begins = cluster.offsets(partitions, Bound::earliest);
  if (!begins) return begins.error();
  const auto ends = cluster.offsets(std::move(partitions), Bound::latest);
  if (!ends) return ends.error();
  std::vector<OffsetSpan> spans;
  for (std::size_t i = 0; i < begins->size(); ++i) {
    const PartitionOffset& begin = (*begins)[i];
    spans.push_back({begin.topic, begin.partition, begin.offset, (*ends)[i].offset});
  }
  return spans;
}

}  // namespace tidings::kafka
