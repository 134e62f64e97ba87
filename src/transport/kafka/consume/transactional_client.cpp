#include "transport/kafka/consume/transactional_client.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>

#include "transport/kafka/client/kafka_limits.hpp"
#include "transport/kafka/format/wire.hpp"

namespace tidings::kafka {

namespace {

constexpr const char* kTransactionTimeout = "10000";  // milliseconds; an abandoned one holds readers up so long
constexpr Duration kAbortWithin = std::chrono::seconds{5};

// Where a delivery report goes, while a transaction runs.
struct Reports {
  std::map<std::size_t, Error>* refused = nullptr;
  std::span<const Message* const> messages;
};

struct Report {
  Reports* reports = nullptr;
  std::size_t index = 0;
};

void report(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  const std::unique_ptr<Report> of{static_cast<Report*>(message->_private)};
  if (of == nullptr || message->err == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const std::string doing = fmt::format("publish to '{}'", of->reports->messages[of->index]->topic);
  of->reports->refused->emplace(of->index, to_error(message->err, doing));
}

rd_kafka_resp_err_t produce(rd_kafka_t* client, const Message& message, Report* report) {
  const auto& record = message.record;
  HeadersHandle headers = headers_of(record, message.copy ? &*message.copy : nullptr);
  const auto code = rd_kafka_producev(
      client, RD_KAFKA_V_TOPIC(message.topic.c_str()),
      RD_KAFKA_V_PARTITION(message.partition.value_or(RD_KAFKA_PARTITION_UA)),
      RD_KAFKA_V_TIMESTAMP(timestamp_of(record.time)), RD_KAFKA_V_KEY(data_of(record.key), size_of_bytes(record.key)),
      RD_KAFKA_V_VALUE(const_cast<char*>(data_of(record.body)), size_of_bytes(record.body)),
      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_HEADERS(headers.get()), RD_KAFKA_V_OPAQUE(report),
      RD_KAFKA_V_END);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) (void)headers.release();  // the message's now
  return code;
}

}  // namespace

Result<std::unique_ptr<TransactionalClient>> TransactionalClient::open(const Cluster& cluster,
                                                                       const std::string& transactional_id,
                                                                       std::optional<Time> deadline) {
  auto client = cluster.client(RD_KAFKA_PRODUCER,
                               {{"transactional.id", transactional_id},
                                {"transaction.timeout.ms", kTransactionTimeout},
                                {"partitioner", "murmur2_random"},
                                {"topic.metadata.propagation.max.ms", "5000"},
                                {"message.max.bytes", std::to_string(kMessageBytesMax)},
                                {"compression.type", cluster.options().compression},
                                {"linger.ms", "0"}},
                               [](rd_kafka_conf_t* conf) { rd_kafka_conf_set_dr_msg_cb(conf, report); });
  if (!client) return client.error();
  const int within = milliseconds_until(deadline.value_or(cluster.soon()), cluster.executor().now());
  if (const ErrorHandle error{rd_kafka_init_transactions(client->get(), within)}) {
    return to_error(*error, "begin transactions as '" + transactional_id + "'");
  }
  return std::unique_ptr<TransactionalClient>{new TransactionalClient{cluster, *std::move(client)}};
}

TransactionalClient::Outcome TransactionalClient::run(std::span<const Message* const> messages,
                                                      const GroupOffsets* group) {
  Outcome outcome;
  const Time deadline = cluster_.soon();
  if (const ErrorHandle error{rd_kafka_begin_transaction(client_.get())}) {
    outcome.result = failed(*error, "begin a transaction");
    spoiled_ = true;
    return outcome;
  }
  outcome.result = send(messages, deadline, outcome.refused);
  if (outcome.result && group != nullptr) outcome.result = add(*group, deadline);
  if (!outcome.result) {
    abort();
    return outcome;
  }
  outcome.result = commit_or_fail(deadline);
  if (outcome.result) return outcome;
  // It may be under way still: who asks for anything else is told of a conflict, again and again.
  outcome.doubtful = outcome.result.error().kind == ErrorKind::unavailable;
  spoiled_ = outcome.doubtful;
  if (!outcome.doubtful) abort();
  return outcome;
}

Result<void> TransactionalClient::send(std::span<const Message* const> messages, Time deadline,
                                       std::map<std::size_t, Error>& refused) {
  Reports reports{.refused = &refused, .messages = messages};
  for (std::size_t i = 0; i < messages.size(); ++i) {
    auto of = std::make_unique<Report>(Report{&reports, i});
    const auto code = produce(client_.get(), *messages[i], of.get());
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
      refused.emplace(i, to_error(code, fmt::format("publish to '{}'", messages[i]->topic)));
      break;
    }
    (void)of.release();  // report() has it
  }
  const auto code = rd_kafka_flush(client_.get(), within(deadline));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    // Reports must not come later: what they look into goes.
    rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(client_.get(), within(cluster_.executor().now() + kAbortWithin));
    return to_error(code, "publish in a transaction");
  }
  if (has_died()) {  // fenced, say: no message is at fault
    refused.clear();
    return fatal("publish in a transaction");
  }
  if (!refused.empty()) return refused.begin()->second;
  return {};
}

Result<void> TransactionalClient::add(const GroupOffsets& group, Time deadline) {
  const PartitionListHandle list = partition_list(group.offsets);
  const ErrorHandle error{
      rd_kafka_send_offsets_to_transaction(client_.get(), list.get(), group.member.get(), within(deadline))};
  if (error) return failed(*error, "say in a transaction how far the group is");
  return {};
}

Result<void> TransactionalClient::commit(Time deadline) {
  while (true) {
    const ErrorHandle error{rd_kafka_commit_transaction(client_.get(), within(deadline))};
    if (error == nullptr) return {};
    if (rd_kafka_error_is_retriable(error.get()) != 0 && cluster_.executor().now() < deadline) continue;
    return failed(*error, "commit a transaction");
  }
}

// A test's fault. EIO: the answer is lost; otherwise nobody waits for it.
Result<void> TransactionalClient::commit_or_fail(Time deadline) {
  const int fault = cluster_.faults().at("in_transaction");
  auto committed = commit(fault != 0 && fault != EIO ? cluster_.executor().now() : deadline);
  return fault == EIO && committed ? Result<void>{unavailable("the answer to a commit was lost")} : committed;
}

// Where it fails, its time-out does it, or the next client of that id.
void TransactionalClient::abort() {
  const ErrorHandle error{rd_kafka_abort_transaction(client_.get(), within(cluster_.executor().now() + kAbortWithin))};
  if (error != nullptr) spoiled_ = true;  // it is under way still, and nothing else is taken
}

// Whoever is fenced is told so in several ways: what ended the client says it best.
Error TransactionalClient::failed(const rd_kafka_error_t& error, std::string_view doing) const {
  return has_died() ? fatal(doing) : to_error(error, doing);
}

Error TransactionalClient::fatal(std::string_view doing) const {
  std::array<char, 512> words{};
  const auto code = rd_kafka_fatal_error(client_.get(), words.data(), words.size());
  return to_error(code, doing, words.data());
}

bool TransactionalClient::is_dead() const {
  return spoiled_ || has_died();
}

bool TransactionalClient::has_died() const {
  return rd_kafka_fatal_error(client_.get(), nullptr, 0) != RD_KAFKA_RESP_ERR_NO_ERROR;
}

int TransactionalClient::within(Time deadline) const {
  return milliseconds_until(deadline, cluster_.executor().now());
}

}  // namespace tidings::kafka
