#include "raw_kafka.hpp"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <optional>

namespace tidings::bench {

namespace {

using Settings = std::vector<std::pair<const char*, std::string>>;

constexpr Duration kCommitEvery = std::chrono::milliseconds{100};
constexpr std::size_t kBatch = 500;
constexpr int kPollMs = 100;

struct Destroyer {
  void operator()(rd_kafka_t* client) const { rd_kafka_destroy(client); }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
  void operator()(rd_kafka_topic_partition_list_t* list) const { rd_kafka_topic_partition_list_destroy(list); }
};
template <class T>
using Owned = std::unique_ptr<T, Destroyer>;

[[noreturn]] void fail(std::string_view what) {
  fmt::print(stderr, "raw: {}\n", what);
  std::exit(1);
}

Owned<rd_kafka_t> open(rd_kafka_type_t type, const Settings& settings, void* opaque,
                       void (*reported)(rd_kafka_t*, const rd_kafka_message_t*, void*),
                       void (*committed)(rd_kafka_t*, rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t*, void*)) {
  std::array<char, 512> words{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf, name, value.c_str(), words.data(), words.size()) != RD_KAFKA_CONF_OK) {
      fail(words.data());
    }
  }
  rd_kafka_conf_set_opaque(conf, opaque);
  if (reported != nullptr) rd_kafka_conf_set_dr_msg_cb(conf, reported);
  if (committed != nullptr) rd_kafka_conf_set_offset_commit_cb(conf, committed);
  Owned<rd_kafka_t> client{rd_kafka_new(type, conf, words.data(), words.size())};
  if (!client) fail(words.data());
  return client;
}

Owned<rd_kafka_t> open_consumer(const std::string& brokers, const std::string& group, const std::string& topic,
                                void* opaque,
                                void (*committed)(rd_kafka_t*, rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t*,
                                                  void*)) {
  auto client = open(RD_KAFKA_CONSUMER,
                     {{"bootstrap.servers", brokers},
                      {"group.id", group},
                      {"auto.offset.reset", "earliest"},
                      {"enable.auto.commit", "false"},
                      {"enable.auto.offset.store", "false"}},
                     opaque, nullptr, committed);
  rd_kafka_poll_set_consumer(client.get());
  const Owned<rd_kafka_topic_partition_list_t> topics{rd_kafka_topic_partition_list_new(1)};
  rd_kafka_topic_partition_list_add(topics.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  if (rd_kafka_subscribe(client.get(), topics.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) fail("cannot subscribe");
  return client;
}

Sample sample_of(const rd_kafka_message_t& message) {
  Sample sample{.key = {static_cast<const char*>(message.key), message.key_len},
                .body = {static_cast<const char*>(message.payload), message.len},
                .headers = {}};
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return sample;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t bytes = 0;
  for (std::size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &bytes) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    sample.headers.emplace_back(name, std::string{static_cast<const char*>(value), bytes});
  }
  return sample;
}

rd_kafka_headers_t* headers_of(const Sample& sample) {
  rd_kafka_headers_t* headers = rd_kafka_headers_new(sample.headers.size());
  for (const auto& [name, value] : sample.headers) {
    rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
  }
  return headers;
}

class Commits final {
 public:
  Commits(rd_kafka_t* client, const Executor& executor) : client_{client}, executor_{executor} {}

  static void answered(rd_kafka_t*, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t*, void* opaque) {
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) fail(rd_kafka_err2str(code));
    ++*static_cast<int*>(opaque);
  }

  // `next`: of each partition, where reading goes on.
  void commit(rd_kafka_topic_partition_list_t* next) {
    if (rd_kafka_commit(client_, next, 1) != RD_KAFKA_RESP_ERR_NO_ERROR) fail("cannot commit");
    ++sent_;
    last_ = executor_.now();
  }
  bool due() const { return executor_.now() >= last_ + kCommitEvery; }
  int sent() const { return sent_; }

 private:
  rd_kafka_t* const client_;
  const Executor& executor_;
  int sent_ = 0;
  Time last_{};
};

void note(rd_kafka_topic_partition_list_t* next, const std::string& topic, const rd_kafka_message_t& message) {
  auto* found = rd_kafka_topic_partition_list_find(next, topic.c_str(), message.partition);
  if (found == nullptr) found = rd_kafka_topic_partition_list_add(next, topic.c_str(), message.partition);
  found->offset = message.offset + 1;
}

}  // namespace

struct RawKafka::Producer {
  std::atomic<int> confirmed{0};
  std::atomic<bool> ending{false};
  Owned<rd_kafka_t> client;
  std::unique_ptr<Thread> poller;

  Producer(const std::string& brokers, Executor& executor, const std::string& linger_ms = "5") {
    client = open(
        RD_KAFKA_PRODUCER,
        {{"bootstrap.servers", brokers},
         {"acks", "all"},
         {"enable.idempotence", "true"},
         {"partitioner", "murmur2_random"},
         {"linger.ms", linger_ms},
         {"compression.type", "snappy"},
         {"queue.buffering.max.messages", "1000000"}},
        &confirmed,
        [](rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
          if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) fail(rd_kafka_err2str(message->err));
          static_cast<std::atomic<int>*>(opaque)->fetch_add(1, std::memory_order_relaxed);
        },
        nullptr);
    poller = executor.spawn("raw-reports", [this] {
      while (!ending) rd_kafka_poll(client.get(), kPollMs);
    });
  }
  ~Producer() { ending = true; }

  void send(const std::string& topic, const Sample& sample) {
    rd_kafka_headers_t* headers = headers_of(sample);
    const auto code = rd_kafka_producev(client.get(), RD_KAFKA_V_TOPIC(topic.c_str()),
                                        RD_KAFKA_V_KEY(sample.key.data(), sample.key.size()),
                                        RD_KAFKA_V_VALUE(const_cast<char*>(sample.body.data()), sample.body.size()),
                                        RD_KAFKA_V_MSGFLAGS(0), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) fail(rd_kafka_err2str(code));
  }
};

RawKafka::RawKafka(std::string brokers, Executor& executor)
    : brokers_{std::move(brokers)}, executor_{executor}, producer_{std::make_unique<Producer>(brokers_, executor)} {}

RawKafka::~RawKafka() = default;

std::vector<Sample> RawKafka::take(const std::string& topic, std::size_t count) {
  const auto client = open_consumer(brokers_, fmt::format("raw-take-{}", executor_.random()), topic, nullptr, nullptr);
  std::vector<Sample> samples;
  while (samples.size() < count) {
    const Owned<rd_kafka_message_t> message{rd_kafka_consumer_poll(client.get(), kPollMs)};
    if (message && message->err == RD_KAFKA_RESP_ERR_NO_ERROR) samples.push_back(sample_of(*message));
  }
  return samples;
}

Usage RawKafka::publish(const std::string& topic, const std::vector<Sample>& samples, int count, int window) {
  producer_->confirmed = 0;
  const Stopwatch watch{executor_};
  for (int i = 0; i < count; ++i) {
    while (i - producer_->confirmed >= window) executor_.sleep_until(executor_.now() + std::chrono::microseconds{200});
    const Sample& sample = samples[static_cast<std::size_t>(i) % samples.size()];
    producer_->send(topic, sample);
  }
  while (producer_->confirmed < count) executor_.sleep_until(executor_.now() + std::chrono::microseconds{200});
  return watch.of(count);
}

Usage RawKafka::consume(const std::string& topic, const std::string& group, int count) {
  int answered = 0;
  const auto client = open_consumer(brokers_, group, topic, &answered, Commits::answered);
  const Owned<rd_kafka_queue_t> queue{rd_kafka_queue_get_consumer(client.get())};
  const Owned<rd_kafka_topic_partition_list_t> next{rd_kafka_topic_partition_list_new(16)};
  std::array<rd_kafka_message_t*, kBatch> batch{};
  Commits commits{client.get(), executor_};
  std::optional<Stopwatch> watch;
  int seen = 0;
  while (seen < count) {
    const auto got = rd_kafka_consume_batch_queue(queue.get(), kPollMs, batch.data(), batch.size());
    for (ssize_t i = 0; i < got; ++i) {
      const Owned<rd_kafka_message_t> message{batch[static_cast<std::size_t>(i)]};
      if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
      if (!watch) watch.emplace(executor_);
      note(next.get(), topic, *message);
      ++seen;
    }
    if (seen > 0 && (commits.due() || seen >= count)) commits.commit(next.get());
  }
  while (answered < commits.sent()) {
    const Owned<rd_kafka_message_t> message{rd_kafka_consumer_poll(client.get(), 1)};
  }
  const Usage usage = watch->of(seen);
  rd_kafka_consumer_close(client.get());
  return usage;
}

std::vector<Duration> RawKafka::latencies(const std::string& topic, const Sample& sample, int count) {
  Producer producer{brokers_, executor_, "0"};
  int answered = 0;
  const auto client = open_consumer(brokers_, topic + "-latency", topic, &answered, Commits::answered);
  const auto next = [&](int within_ms) {
    Owned<rd_kafka_message_t> message{rd_kafka_consumer_poll(client.get(), within_ms)};
    return message && message->err == RD_KAFKA_RESP_ERR_NO_ERROR;
  };
  while (!next(kPollMs)) {
  }
  while (next(10 * kPollMs)) {
  }
  std::vector<Duration> times;
  for (int i = 0; i < count; ++i) {
    executor_.sleep_until(executor_.now() + std::chrono::milliseconds{5});
    const Time sent = executor_.now();
    producer.send(topic, sample);
    while (!next(kPollMs)) {
    }
    times.push_back(executor_.now() - sent);
  }
  rd_kafka_consumer_close(client.get());
  return times;
}

}  // namespace tidings::bench
