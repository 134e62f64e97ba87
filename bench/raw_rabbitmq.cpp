#include "raw_rabbitmq.hpp"

#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <optional>

namespace tidings::bench {

namespace {

constexpr amqp_channel_t kChannel = 1;
constexpr int kFrameBytesMax = 131'072;
constexpr std::size_t kHeadersMax = 16;
constexpr timeval kPatience{.tv_sec = 60, .tv_usec = 0};

[[noreturn]] void fail(std::string_view what) {
  fmt::print(stderr, "raw: {}\n", what);
  std::exit(1);
}
void check(int status, std::string_view doing) {
  if (status != AMQP_STATUS_OK) fail(fmt::format("{}: {}", doing, amqp_error_string2(status)));
}
void check(const amqp_rpc_reply_t& reply, std::string_view doing) {
  if (reply.reply_type != AMQP_RESPONSE_NORMAL) fail(doing);
}

amqp_bytes_t bytes_of(std::string_view text) {
  return {.len = text.size(), .bytes = const_cast<char*>(text.data())};
}
std::string text_of(const amqp_bytes_t& bytes) {
  return {static_cast<const char*>(bytes.bytes), bytes.len};
}

AmqpSample sample_of(const amqp_envelope_t& envelope) {
  const amqp_basic_properties_t& properties = envelope.message.properties;
  AmqpSample sample{.exchange = text_of(envelope.exchange),
                    .routing_key = text_of(envelope.routing_key),
                    .body = text_of(envelope.message.body),
                    .content_type = text_of(properties.content_type),
                    .correlation_id = text_of(properties.correlation_id),
                    .message_id = text_of(properties.message_id),
                    .timestamp = properties.timestamp,
                    .headers = {}};
  for (int i = 0; i < properties.headers.num_entries; ++i) {
    const amqp_table_entry_t& entry = properties.headers.entries[i];
    if (entry.value.kind == AMQP_FIELD_KIND_UTF8) {
      sample.headers.emplace_back(text_of(entry.key), text_of(entry.value.value.bytes));
    }
  }
  return sample;
}

}  // namespace

class RawRabbitmq::Connection final {
 public:
  explicit Connection(std::string url) : state_{amqp_new_connection()} {
    amqp_connection_info info{};
    check(amqp_parse_url(url.data(), &info), "read the URL");
    amqp_socket_t* socket = amqp_tcp_socket_new(state_);
    check(amqp_socket_open(socket, info.host, info.port), "connect");
    const std::string vhost = *info.vhost == '\0' ? "/" : info.vhost;
    check(amqp_login(state_, vhost.c_str(), 0, kFrameBytesMax, 0, AMQP_SASL_METHOD_PLAIN, info.user, info.password),
          "log in");
    amqp_channel_open(state_, kChannel);
    check(amqp_get_rpc_reply(state_), "open a channel");
  }
  ~Connection() {
    amqp_connection_close(state_, AMQP_REPLY_SUCCESS);
    amqp_destroy_connection(state_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void purge(const std::string& queue) {
    amqp_queue_purge(state_, kChannel, bytes_of(queue));
    check(amqp_get_rpc_reply(state_), "purge " + queue);
  }

  void confirm() {
    amqp_confirm_select(state_, kChannel);
    check(amqp_get_rpc_reply(state_), "have messages confirmed");
  }
  void send(const AmqpSample& sample) {
    std::array<amqp_table_entry_t, kHeadersMax> headers{};
    for (std::size_t i = 0; i < sample.headers.size(); ++i) {
      headers.at(i).key = bytes_of(sample.headers[i].first);
      headers[i].value.kind = AMQP_FIELD_KIND_UTF8;
      headers[i].value.value.bytes = bytes_of(sample.headers[i].second);
    }
    amqp_basic_properties_t properties{};
    properties._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_CORRELATION_ID_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG |
                        AMQP_BASIC_TIMESTAMP_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_HEADERS_FLAG;
    properties.content_type = bytes_of(sample.content_type);
    properties.correlation_id = bytes_of(sample.correlation_id);
    properties.message_id = bytes_of(sample.message_id);
    properties.timestamp = sample.timestamp;
    properties.delivery_mode = AMQP_DELIVERY_PERSISTENT;
    properties.headers = {.num_entries = static_cast<int>(sample.headers.size()), .entries = headers.data()};
    check(amqp_basic_publish(state_, kChannel, bytes_of(sample.exchange), bytes_of(sample.routing_key), 1, 0,
                             &properties, bytes_of(sample.body)),
          "publish");
  }
  // Waits for the next confirmation: all that were sent up to there, for a server confirms in order where there is one
  // queue.
  int confirmed() {
    amqp_frame_t frame{};
    check(amqp_simple_wait_frame_noblock(state_, &frame, &kPatience), "wait for a confirmation");
    if (frame.frame_type != AMQP_FRAME_METHOD || frame.payload.method.id != AMQP_BASIC_ACK_METHOD) {
      fail("something else came than a confirmation");
    }
    const int tag = static_cast<int>(static_cast<amqp_basic_ack_t*>(frame.payload.method.decoded)->delivery_tag);
    amqp_maybe_release_buffers(state_);
    return tag;
  }

  void consume(const std::string& queue, std::uint16_t prefetch) {
    amqp_basic_qos(state_, kChannel, 0, prefetch, 0);
    check(amqp_get_rpc_reply(state_), "bound what is taken in advance");
    amqp_basic_consume(state_, kChannel, bytes_of(queue), amqp_empty_bytes, 0, 0, 0, amqp_empty_table);
    check(amqp_get_rpc_reply(state_), "consume " + queue);
  }
  // The next message, for as long as `use` takes; its tag.
  template <class Use>
  std::uint64_t next(const Use& use) {
    amqp_maybe_release_buffers(state_);
    amqp_envelope_t envelope{};
    check(amqp_consume_message(state_, &envelope, &kPatience, 0), "wait for a message");
    use(envelope);
    const std::uint64_t tag = envelope.delivery_tag;
    amqp_destroy_envelope(&envelope);
    return tag;
  }
  void ack_up_to(std::uint64_t tag) { check(amqp_basic_ack(state_, kChannel, tag, 1), "acknowledge"); }

 private:
  amqp_connection_state_t state_;
};

RawRabbitmq::RawRabbitmq(std::string url, Executor& executor)
    : url_{std::move(url)}, executor_{executor}, requests_{std::make_unique<Connection>(url_)} {}

RawRabbitmq::~RawRabbitmq() = default;

std::vector<AmqpSample> RawRabbitmq::take(const std::string& queue, std::size_t count) {
  Connection connection{url_};
  connection.consume(queue, static_cast<std::uint16_t>(count));
  std::vector<AmqpSample> samples;
  std::uint64_t last = 0;
  while (samples.size() < count) {
    last = connection.next([&](const amqp_envelope_t& envelope) { samples.push_back(sample_of(envelope)); });
  }
  connection.ack_up_to(last);
  return samples;
}

void RawRabbitmq::purge(const std::string& queue) {
  requests_->purge(queue);
}

Usage RawRabbitmq::publish(const std::vector<AmqpSample>& samples, int count, int window) {
  Connection connection{url_};
  connection.confirm();
  int confirmed = 0;
  const Stopwatch watch{executor_};
  for (int i = 0; i < count; ++i) {
    while (i - confirmed >= window) confirmed = connection.confirmed();
    connection.send(samples[static_cast<std::size_t>(i) % samples.size()]);
  }
  while (confirmed < count) confirmed = connection.confirmed();
  return watch.of(count);
}

Usage RawRabbitmq::consume(const std::string& queue, int count, std::uint16_t prefetch) {
  Connection connection{url_};
  connection.consume(queue, prefetch);
  std::optional<Stopwatch> watch;
  std::size_t bytes = 0;
  for (int seen = 1; seen <= count; ++seen) {
    const std::uint64_t tag =
        connection.next([&](const amqp_envelope_t& envelope) { bytes += envelope.message.body.len; });
    if (!watch) watch.emplace(executor_);
    if (seen % (prefetch / 2) == 0 || seen == count) connection.ack_up_to(tag);
  }
  if (bytes == 0) fail("the messages are empty");
  return watch->of(count);
}

std::vector<Duration> RawRabbitmq::latencies(const std::string& queue, const AmqpSample& sample, int count) {
  Connection publishing{url_}, consuming{url_};
  publishing.confirm();
  consuming.consume(queue, 1);
  std::vector<Duration> times;
  for (int i = 0; i < count; ++i) {
    executor_.sleep_until(executor_.now() + std::chrono::milliseconds{5});
    const Time sent = executor_.now();
    publishing.send(sample);
    const std::uint64_t tag = consuming.next([](const amqp_envelope_t&) {});
    times.push_back(executor_.now() - sent);
    consuming.ack_up_to(tag);
    static_cast<void>(publishing.confirmed());
  }
  return times;
}

}  // namespace tidings::bench
