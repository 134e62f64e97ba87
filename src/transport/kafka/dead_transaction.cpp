#include "transport/kafka/dead_transaction.hpp"

#include <array>

#include "transport/kafka/kafka_limits.hpp"
#include "transport/kafka/wire.hpp"

namespace tidings::kafka {

namespace {

constexpr std::string_view kDoing = "hand dead letters over";

// A fenced producer is told so in several ways.
Error error_of(const rd_kafka_error_t& error, rd_kafka_t* client) {
  std::array<char, 512> words{};
  const auto fatal = rd_kafka_fatal_error(client, words.data(), words.size());
  if (fatal != RD_KAFKA_RESP_ERR_NO_ERROR) return to_error(fatal, kDoing, words.data());
  return to_error(error, kDoing);
}

}  // namespace

Result<std::unique_ptr<DeadTransaction>> DeadTransaction::open(std::shared_ptr<Cluster> cluster) {
  auto client = cluster->client(RD_KAFKA_PRODUCER, {{"transactional.id", cluster->names().on_cluster("tidings.dead")},
                                                    {"transaction.timeout.ms", "10000"},
                                                    {"message.max.bytes", std::to_string(kMessageBytesMax)},
                                                    {"linger.ms", "0"}});
  if (!client) return client.error();
  const int within = milliseconds_until(cluster->soon(), cluster->executor().now());
  if (const ErrorHandle error{rd_kafka_init_transactions(client->get(), within)}) {
    return error_of(*error, client->get());
  }
  return std::unique_ptr<DeadTransaction>{new DeadTransaction{std::move(cluster), *std::move(client)}};
}

DeadTransaction::~DeadTransaction() {
  if (!begun_) return;
  const int within = milliseconds_until(cluster_->soon(), cluster_->executor().now());
  const ErrorHandle error{rd_kafka_abort_transaction(client_.get(), within)};  // its time-out does it otherwise
}

Result<void> DeadTransaction::send(const std::string& topic, std::int32_t partition, const transport::Record& record,
                                   const Copy* copy) {
  if (!begun_) {
    if (const ErrorHandle error{rd_kafka_begin_transaction(client_.get())}) return error_of(*error, client_.get());
    begun_ = true;
  }
  HeadersHandle headers = headers_of(record, copy);
  const std::string* key = record.key ? &*record.key : nullptr;
  const std::string* body = record.body ? &*record.body : nullptr;
  const auto code = rd_kafka_producev(
      client_.get(), RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(partition),
      RD_KAFKA_V_TIMESTAMP(timestamp_of(record.time)), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_BLOCK),
      RD_KAFKA_V_KEY((key != nullptr ? key->data() : nullptr), (key != nullptr ? key->size() : 0)),
      RD_KAFKA_V_VALUE((body != nullptr ? const_cast<char*>(body->data()) : nullptr),
                       (body != nullptr ? body->size() : 0)),
      RD_KAFKA_V_HEADERS(headers.get()), RD_KAFKA_V_END);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return to_error(code, kDoing);
  (void)headers.release();  // the message's now
  return {};
}

Result<void> DeadTransaction::commit() {
  if (!begun_) return {};
  const Time deadline = cluster_->soon();
  for (;;) {
    const Time now = cluster_->executor().now();
    const ErrorHandle error{rd_kafka_commit_transaction(client_.get(), milliseconds_until(deadline, now))};
    if (error == nullptr) {
      begun_ = false;
      return {};
    }
    if (rd_kafka_error_is_retriable(error.get()) != 0 && now < deadline) continue;
    return error_of(*error, client_.get());
  }
}

}  // namespace tidings::kafka
