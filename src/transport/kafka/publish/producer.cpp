#include "transport/kafka/publish/producer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <list>

#include "base/countdown.hpp"
#include "transport/kafka/client/client_death.hpp"
#include "transport/kafka/client/kafka_limits.hpp"
#include "transport/kafka/format/wire.hpp"
#include "transport/kafka/publish/packed_message.hpp"
#include "transport/kafka/publish/producer_settings.hpp"

namespace tidings::kafka {

using transport::PublisherOptions;

namespace {

using Answer = std::function<void(Result<void>)>;

// Kept until it is answered: the client looks into it, and a new client is given it again.
struct Pending {
  PackedMessage message;
  Answer answered;
  std::size_t bytes = 0;
  std::uint64_t number = 0;  // in the order in which they were sent
  Time expires{};
  HeadersHandle headers;
  std::list<Pending>::iterator self;
};

// Of keeping it when it is answered.
std::size_t cost_of(const Pending& pending) {
  return sizeof(Pending) + pending.message.memory();
}

struct Refusal {
  Answer answered;
  Error error;
};

Error failed(rd_kafka_resp_err_t code, const PackedMessage& message, const TopicNames& names) {
  const std::string topic = message.topic();
  const bool missing = code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC || code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
  if (missing && !message.is_copy()) return missing_topic(names.ours(topic).value_or(topic));
  return to_error(code, fmt::format("publish to '{}'", topic));
}

class ClientProducer final : public Producer {
 public:
  ClientProducer(std::shared_ptr<Cluster> cluster, const PublisherOptions& options)
      : cluster_{std::move(cluster)}, options_{options}, answered_{cluster_->executor().condition()} {}
  ~ClientProducer() override { ClientProducer::close(cluster_->executor().now() + transport::kCloseWithin); }

  Result<void> start() {
    if (auto opened = open_client(); !opened) return opened;
    thread_ = cluster_->executor().spawn("kafka-confirm", [this] { confirm(); });
    return {};
  }

  void send(std::vector<Message> messages) override;
  Result<void> flush(Time deadline) override;
  void close(Time deadline) override;
  void break_client() override {
    const std::lock_guard lock{mutex_};
    if (client_)
      rd_kafka_test_fatal_error(client_.get(), RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "asked for by a test");
  }

 private:
  using List = std::list<Pending>;

  Result<void> open_client();
  std::optional<Error> admit(const Pending& pending) const;
  rd_kafka_resp_err_t produce(Pending& pending);
  void confirm();
  void take(rd_kafka_event_t* event, bool last);
  void answer(std::vector<std::pair<Pending*, Result<void>>>& outcomes);
  List take_spent(std::size_t count);
  void free_spent();
  void drain(bool last);
  void replace_client();
  void refuse_all(rd_kafka_resp_err_t code);
  Error failed(rd_kafka_resp_err_t code, const PackedMessage& message) const;
  Error not_in_time(const PackedMessage& message) const;
  void send_again();
  void end();
  bool is_answered(std::uint64_t number) const { return pending_.empty() || pending_.front().number > number; }

  const std::shared_ptr<Cluster> cluster_;
  const PublisherOptions options_;
  const std::unique_ptr<Condition> answered_;
  std::mutex
      mutex_;     // of all that follows, but that only `kafka-confirm` changes the clients and removes from the list
  List pending_;  // all that is unanswered, in order
  std::size_t bytes_ = 0;
  List spent_;  // answered: whoever sends next uses them again, and frees what is in them
  std::size_t spent_bytes_ = 0;
  std::uint64_t sent_ = 0;
  bool replacing_ = false;  // nothing is given to the client
  bool closed_ = false;
  ClientHandle client_;
  QueueHandle events_;
  std::atomic<bool> ending_{false};
  std::unique_ptr<Thread> thread_;
};

Result<void> ClientProducer::open_client() {
  auto client = cluster_->client(RD_KAFKA_PRODUCER, producer_settings(cluster_->options(), options_), [](auto* conf) {
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
  });
  if (!client) return client.error();
  events_.reset(rd_kafka_queue_get_main(client->get()));
  const std::lock_guard lock{mutex_};
  client_ = *std::move(client);
  return {};
}

Error ClientProducer::failed(rd_kafka_resp_err_t code, const PackedMessage& message) const {
  return kafka::failed(code, message, cluster_->names());
}

Error ClientProducer::not_in_time(const PackedMessage& message) const {
  Error error = failed(RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, message);
  error.message += cluster_->blame();
  return error;
}

std::optional<Error> ClientProducer::admit(const Pending& pending) const {
  if (closed_) {
    return Error{ErrorKind::unavailable, fmt::format("'{}' was published to after the close", pending.message.topic())};
  }
  if (pending_.size() >= options_.buffer_records_max || bytes_ + pending.bytes > options_.buffer_bytes_max) {
    return Error{ErrorKind::overloaded,
                 fmt::format("{} records of {} bytes wait for the broker's confirmation: publish more slowly, or raise "
                             "PublisherOptions::buffer_records_max ({}) or buffer_bytes_max ({})",
                             pending_.size(), bytes_, options_.buffer_records_max, options_.buffer_bytes_max)};
  }
  return {};
}

rd_kafka_resp_err_t ClientProducer::produce(Pending& pending) {
  const PackedMessage& message = pending.message;
  if (!pending.headers) pending.headers = message.headers();
  const auto key = message.key(), body = message.body();
  const auto code =
      rd_kafka_producev(client_.get(), RD_KAFKA_V_TOPIC(message.topic()), RD_KAFKA_V_PARTITION(message.partition()),
                        RD_KAFKA_V_KEY(data_of(key), size_of_bytes(key)),
                        RD_KAFKA_V_VALUE(const_cast<char*>(data_of(body)), size_of_bytes(body)), RD_KAFKA_V_MSGFLAGS(0),
                        RD_KAFKA_V_TIMESTAMP(message.timestamp()), RD_KAFKA_V_HEADERS(pending.headers.get()),
                        RD_KAFKA_V_OPAQUE(&pending), RD_KAFKA_V_END);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) (void)pending.headers.release();  // the client's now
  return code;
}

void ClientProducer::send(std::vector<Message> messages) {
  const Time expires = cluster_->executor().now() + options_.deliver_within;
  List batch = take_spent(messages.size());
  auto next = batch.begin();
  for (Message& message : messages) {
    if (next == batch.end()) next = batch.emplace(next);
    Pending& pending = *next++;
    pending.bytes = transport::size_of(message.record);
    pending.headers = headers_of(message.record, message.copy ? &*message.copy : nullptr);
    pending.expires = expires;
    pending.message.pack(message, *pending.headers);
    pending.answered = std::move(message.answered);
  }
  std::vector<Refusal> refusals;
  std::optional<Error> full;  // what comes behind would overtake, where it is smaller
  {
    const std::lock_guard lock{mutex_};
    while (!batch.empty()) {
      Pending& pending = batch.front();
      auto refused = full ? full : admit(pending);
      if (!refused && !replacing_) {
        // What a dead client does not take waits for the next one.
        const auto code = produce(pending);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR && !is_of_the_client(code)) refused = failed(code, pending.message);
      }
      if (refused) {
        if (refused->kind == ErrorKind::overloaded) full = refused;
        refusals.push_back({std::move(pending.answered), *std::move(refused)});
        batch.pop_front();
        continue;
      }
      pending.self = batch.begin();
      pending.number = ++sent_;
      bytes_ += pending.bytes;
      pending_.splice(pending_.end(), batch, batch.begin());
    }
  }
  for (Refusal& refusal : refusals) refusal.answered(std::move(refusal.error));
}

Result<void> ClientProducer::flush(Time deadline) {
  std::unique_lock lock{mutex_};
  const std::uint64_t last = sent_;
  if (wait_until(*answered_, lock, {cluster_->executor(), deadline}, [&] { return is_answered(last); })) return {};
  return Error{
      ErrorKind::unavailable,
      fmt::format("{} records were not confirmed in time, the first of them for '{}'; is the broker reachable, "
                  "and are enough replicas in sync?",
                  pending_.size(), pending_.front().message.topic())};
}

void ClientProducer::close(Time deadline) {
  {
    const std::lock_guard lock{mutex_};
    closed_ = true;
  }
  (void)flush(deadline);
  {
    const std::lock_guard lock{mutex_};
    ending_ = true;
    answered_->notify_all();
  }
  thread_.reset();
}

void ClientProducer::confirm() {
  while (!ending_) {
    if (client_) {
      const EventHandle event{rd_kafka_queue_poll(events_.get(), kConfirmTickMs)};
      if (event) {
        take(event.get(), false);
      } else {
        free_spent();
      }
    }
    if (!client_ || death_of(client_.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) replace_client();
  }
  end();
}

// `last`: no other client comes after this one.
void ClientProducer::take(rd_kafka_event_t* event, bool last) {
  if (rd_kafka_event_type(event) != RD_KAFKA_EVENT_DR) return;
  std::vector<std::pair<Pending*, Result<void>>> outcomes;
  outcomes.reserve(rd_kafka_event_message_count(event));
  while (const rd_kafka_message_t* message = rd_kafka_event_message_next(event)) {
    auto* pending = static_cast<Pending*>(message->_private);
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      outcomes.emplace_back(pending, Result<void>{});
    } else if (message->err == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT) {
      outcomes.emplace_back(pending, not_in_time(pending->message));
    } else if (!is_of_the_client(message->err)) {
      outcomes.emplace_back(pending, failed(message->err, pending->message));
    } else if (last) {
      outcomes.emplace_back(pending, not_in_time(pending->message));
    }
  }
  answer(outcomes);
}

void ClientProducer::answer(std::vector<std::pair<Pending*, Result<void>>>& outcomes) {
  for (auto& [pending, outcome] : outcomes) {
    pending->answered(std::move(outcome));
    pending->answered = nullptr;  // what it holds is the caller's
  }
  List gone;  // freed without the lock
  const std::lock_guard lock{mutex_};
  for (const auto& [pending, outcome] : outcomes) {
    bytes_ -= pending->bytes;
    const std::size_t kept = spent_bytes_ + cost_of(*pending);
    List& to = kept <= kSpentBytesMax ? spent_ : gone;
    if (&to == &spent_) spent_bytes_ = kept;
    to.splice(to.end(), pending_, pending->self);
  }
  if (!outcomes.empty()) answered_->notify_all();
}

// Memory that one thread takes and another gives back has both wait for the allocator's lock: a fifth of the CPU of
// publishing.
ClientProducer::List ClientProducer::take_spent(std::size_t count) {
  List taken;
  const std::lock_guard lock{mutex_};
  while (taken.size() < count && !spent_.empty()) {
    spent_bytes_ -= cost_of(spent_.front());
    taken.splice(taken.end(), spent_, spent_.begin());
  }
  return taken;
}

void ClientProducer::free_spent() {
  List gone;
  const std::lock_guard lock{mutex_};
  gone.swap(spent_);
  spent_bytes_ = 0;
}

// Takes what the client has yet to say. What is on its way is waited for: it may be confirmed, and must not arrive
// behind what the next client sends.
void ClientProducer::drain(bool last) {
  Executor& executor = cluster_->executor();
  for (const int what : {RD_KAFKA_PURGE_F_QUEUE, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT}) {
    rd_kafka_purge(client_.get(), what);
    const Time until = executor.now() + kDrainWithin;
    while (rd_kafka_outq_len(client_.get()) > 0 && executor.now() < until) {
      const EventHandle event{rd_kafka_queue_poll(events_.get(), kConfirmTickMs)};
      if (event) take(event.get(), last);
    }
  }
}

// Until there is a next client what is sent waits in the list, and is refused when its time is over.
void ClientProducer::replace_client() {
  rd_kafka_resp_err_t death = RD_KAFKA_RESP_ERR_NO_ERROR;
  if (client_) {
    death = death_of(client_.get());
    {
      const std::lock_guard lock{mutex_};
      replacing_ = true;
    }
    drain(false);
    events_.reset();
    ClientHandle gone;
    {
      const std::lock_guard lock{mutex_};
      gone = std::move(client_);
    }
    gone.reset();  // waits for librdkafka's threads: without the lock, for send() never blocks
  }
  if (is_of_all_clients(death)) refuse_all(death);
  (void)open_client();
  if (!client_) cluster_->executor().sleep_until(cluster_->executor().now() + kReopenPause);
  send_again();
}

// And lets the next client wait: whoever gives us the right needs time, too.
void ClientProducer::refuse_all(rd_kafka_resp_err_t code) {
  std::vector<std::pair<Pending*, Result<void>>> outcomes;
  {
    const std::lock_guard lock{mutex_};
    for (Pending& pending : pending_) outcomes.emplace_back(&pending, failed(code, pending.message));
  }
  answer(outcomes);
  Executor& executor = cluster_->executor();
  std::unique_lock lock{mutex_};
  answered_->wait_until(lock, executor.now() + kRefusedPause, executor, [&] { return ending_.load(); });
}

void ClientProducer::send_again() {
  std::vector<std::pair<Pending*, Result<void>>> outcomes;
  {
    const std::lock_guard lock{mutex_};
    const Time now = cluster_->executor().now();
    for (Pending& pending : pending_) {
      if (pending.expires <= now) {
        outcomes.emplace_back(&pending, not_in_time(pending.message));
      } else if (client_) {
        const auto code = produce(pending);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
        if (is_of_the_client(code)) break;  // dead again: the next one
        outcomes.emplace_back(&pending, failed(code, pending.message));
      }
    }
    replacing_ = client_ == nullptr;
  }
  answer(outcomes);
}

void ClientProducer::end() {
  if (client_) drain(true);
  std::vector<std::pair<Pending*, Result<void>>> outcomes;
  events_.reset();
  ClientHandle gone;
  {
    const std::lock_guard lock{mutex_};
    gone = std::move(client_);
  }
  gone.reset();  // without the lock: see replace_client()
  {
    const std::lock_guard lock{mutex_};
    for (Pending& pending : pending_) outcomes.emplace_back(&pending, not_in_time(pending.message));
  }
  answer(outcomes);
}

}  // namespace

Result<std::shared_ptr<Producer>> Producer::open(std::shared_ptr<Cluster> cluster, const PublisherOptions& options) {
  auto producer = std::make_shared<ClientProducer>(std::move(cluster), options);
  if (auto started = producer->start(); !started) return started.error();
  return std::shared_ptr<Producer>{std::move(producer)};
}

}  // namespace tidings::kafka
