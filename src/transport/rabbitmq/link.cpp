#include "transport/rabbitmq/link.hpp"

#include <amqp_tcp_socket.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>

#include "transport/rabbitmq/rabbitmq_limits.hpp"

namespace tidings::rabbitmq {

namespace {

constexpr std::uint16_t kContentTooLarge = 311, kNoConsumers = 313, kForced = 320, kRefused = 403, kNotFound = 404,
                        kLocked = 405, kPrecondition = 406, kResource = 506, kNotAllowed = 530, kInternal = 541;

timeval timeval_of(Duration duration) {
  const auto micros =
      std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
  return {.tv_sec = micros / 1'000'000, .tv_usec = micros % 1'000'000};
}

amqp_field_value_t value_of(const std::string& text) {
  amqp_field_value_t value{};
  value.kind = AMQP_FIELD_KIND_UTF8;
  value.value.bytes = bytes_of(text);
  return value;
}
amqp_field_value_t value_of(std::int64_t number) {
  amqp_field_value_t value{};
  value.kind = AMQP_FIELD_KIND_I64;
  value.value.i64 = number;
  return value;
}
amqp_field_value_t value_of(bool is) {
  amqp_field_value_t value{};
  value.kind = AMQP_FIELD_KIND_BOOLEAN;
  value.value.boolean = is ? 1 : 0;
  return value;
}

// Looks into the arguments.
class Table final {
 public:
  explicit Table(const Arguments& arguments) {
    for (const Argument& argument : arguments) {
      entries_.push_back({.key = bytes_of(argument.name),
                          .value = std::visit([](const auto& value) { return value_of(value); }, argument.value)});
    }
  }
  amqp_table_t get() { return {.num_entries = static_cast<int>(entries_.size()), .entries = entries_.data()}; }

 private:
  std::vector<amqp_table_entry_t> entries_;
};

amqp_table_entry_t capability(const char* name) {
  return {.key = amqp_cstring_bytes(name), .value = value_of(true)};
}

// What librdkafka is to Kafka: which calls failed, as the library says it.
std::string words_of(int status) {
  return amqp_error_string2(status);
}

}  // namespace

Result<std::unique_ptr<Link>> Link::open(const AmqpOptions& options, const std::string& purpose, Executor& executor,
                                         Time deadline) {
  const std::size_t first = executor.random() % options.servers.size();
  Error last = unavailable("no server was tried");
  for (std::size_t i = 0; i < options.servers.size(); ++i) {
    const Server& server = options.servers[(first + i) % options.servers.size()];
    std::unique_ptr<Link> link{new Link{executor, amqp_new_connection()}};
    auto connected = link->connect(options, server, purpose, std::min(deadline, executor.now() + kConnectWithin));
    if (connected) return link;
    last = connected.error();
    if (last.kind != ErrorKind::unavailable) break;
  }
  return last;
}

Link::~Link() {
  if (!dead_) amqp_connection_close(state_, AMQP_REPLY_SUCCESS);
  amqp_destroy_connection(state_);
}

void Link::abandon() {
  ::shutdown(amqp_get_sockfd(state_), SHUT_RDWR);
}

Result<void> Link::connect(const AmqpOptions& options, const Server& server, const std::string& purpose,
                           Time deadline) {
  const std::string doing = fmt::format("connect to RabbitMQ at {}:{}", server.host, server.port);
  dead_ = true;  // until it lives
  amqp_socket_t* socket = amqp_tcp_socket_new(state_);
  if (socket == nullptr) return unavailable("could not " + doing + ": no memory");
  const timeval within = timeval_of(deadline - executor_.now());
  if (const int status = amqp_socket_open_noblock(socket, server.host.c_str(), server.port, &within);
      status != AMQP_STATUS_OK) {
    return unavailable(fmt::format("could not {}: {}; is the server running there?", doing, words_of(status)));
  }
  const timeval handshake = timeval_of(deadline - executor_.now());
  const timeval request = timeval_of(kRequestWithin);
  amqp_set_handshake_timeout(state_, &handshake);
  amqp_set_rpc_timeout(state_, &request);
  return log_in(options, purpose);
}

Result<void> Link::log_in(const AmqpOptions& options, const std::string& purpose) {
  std::array capabilities{capability("authentication_failure_close"), capability("basic.nack"),
                          capability("connection.blocked"),           capability("consumer_cancel_notify"),
                          capability("publisher_confirms"),           capability("exchange_exchange_bindings")};
  amqp_field_value_t table{};
  table.kind = AMQP_FIELD_KIND_TABLE;
  table.value.table = {.num_entries = static_cast<int>(capabilities.size()), .entries = capabilities.data()};
  const std::string name = "tidings " + purpose;
  std::array entries{amqp_table_entry_t{.key = amqp_cstring_bytes("capabilities"), .value = table},
                     amqp_table_entry_t{.key = amqp_cstring_bytes("connection_name"), .value = value_of(name)}};
  const amqp_table_t properties{.num_entries = static_cast<int>(entries.size()), .entries = entries.data()};
  const auto heartbeat = std::chrono::duration_cast<std::chrono::seconds>(options.heartbeat).count();
  const amqp_rpc_reply_t reply = amqp_login_with_properties(
      state_, options.vhost.c_str(), AMQP_DEFAULT_MAX_CHANNELS, kFrameBytesMax, static_cast<int>(heartbeat),
      &properties, AMQP_SASL_METHOD_PLAIN, options.user.c_str(), options.password.c_str());
  dead_ = false;
  auto done =
      check(reply, 0, fmt::format("log in to RabbitMQ as '{}', virtual host '{}'", options.user, options.vhost));
  if (!done) dead_ = true;
  return done;
}

Result<void> Link::check(int status, std::string_view doing) {
  if (status == AMQP_STATUS_OK) return {};
  dead_ = true;
  return unavailable(fmt::format("could not {}: the connection to RabbitMQ is gone ({})", doing, words_of(status)));
}

Result<void> Link::check(const amqp_rpc_reply_t& reply, Channel channel, std::string_view doing) {
  switch (reply.reply_type) {
    case AMQP_RESPONSE_NORMAL:
      return {};
    case AMQP_RESPONSE_LIBRARY_EXCEPTION:
      return check(reply.library_error, doing);
    case AMQP_RESPONSE_SERVER_EXCEPTION:
      break;
    case AMQP_RESPONSE_NONE:
      dead_ = true;
      return unavailable(fmt::format("could not {}: RabbitMQ closed the connection", doing));
  }
  if (reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD) {
    const auto& close = *static_cast<const amqp_channel_close_t*>(reply.reply.decoded);
    Error error = refused(close.reply_code, view_of(close.reply_text), doing);
    amqp_channel_close_ok_t ok{};
    (void)amqp_send_method(state_, channel, AMQP_CHANNEL_CLOSE_OK_METHOD, &ok);
    open_.erase(channel);
    return error;
  }
  dead_ = true;
  if (reply.reply.id != AMQP_CONNECTION_CLOSE_METHOD) {
    return unavailable(fmt::format("could not {}: RabbitMQ answered something else", doing));
  }
  const auto& close = *static_cast<const amqp_connection_close_t*>(reply.reply.decoded);
  return refused(close.reply_code, view_of(close.reply_text), doing);
}

// https://www.rabbitmq.com/amqp-0-9-1-reference.html#constants
Error Link::refused(std::uint16_t code, std::string_view words, std::string_view doing) const {
  const auto text = [&](std::string_view remedy) { return fmt::format("could not {}: {}{}", doing, words, remedy); };
  switch (code) {
    case kContentTooLarge:
      return invalid(text(""));
    case kRefused:
      return invalid(text("; is the password right, and has the user that right (rabbitmqctl set_permissions)?"));
    case kNotFound:
      // It is there, on a server that is not, or that starts.
      return words.find("down or inaccessible") != words.npos ? unavailable(text("")) : invalid(text(""));
    case kNotAllowed:
      return invalid(text("; is the virtual host there (rabbitmqctl add_vhost), and may the user enter it?"));
    case kLocked:
    case kPrecondition:
      return conflict(text(""));
    case kResource:
      return overloaded(text(""));
    case kNoConsumers:
    case kForced:
    case kInternal:
    default:
      return unavailable(text(""));
  }
}

Error Link::closed(const amqp_frame_t& frame, std::string_view doing) {
  amqp_rpc_reply_t reply{};
  reply.reply_type = AMQP_RESPONSE_SERVER_EXCEPTION;
  reply.reply = frame.payload.method;
  return check(reply, frame.channel, doing).error();
}

Result<void> Link::answered(Channel channel, std::string_view doing) {
  return check(amqp_get_rpc_reply(state_), channel, doing);
}

Result<void> Link::open_channel(Channel channel) {
  amqp_channel_open(state_, channel);
  auto opened = answered(channel, "open a channel");
  if (opened) open_.insert(channel);
  return opened;
}

void Link::close_channel(Channel channel) {
  if (!dead_ && open_.erase(channel) > 0)
    (void)check(amqp_channel_close(state_, channel, AMQP_REPLY_SUCCESS), channel, "close a channel");
}

Result<void> Link::declare(Channel channel, const ExchangeSpec& exchange) {
  Table table{exchange.arguments};
  amqp_exchange_declare(state_, channel, bytes_of(exchange.name), bytes_of(exchange.type), 0, 1, 0, 0, table.get());
  return answered(channel, fmt::format("declare exchange '{}'", exchange.name));
}

Result<QueueCounts> Link::declare(Channel channel, const QueueSpec& queue) {
  Table table{queue.arguments};
  const bool is_durable = !queue.exclusive && !queue.transient;
  const auto* ok = amqp_queue_declare(state_, channel, bytes_of(queue.name), 0, is_durable ? 1 : 0,
                                      queue.exclusive ? 1 : 0, queue.transient ? 1 : 0, table.get());
  if (auto done = answered(channel, fmt::format("declare queue '{}'", queue.name)); !done) return done.error();
  return QueueCounts{.ready = ok->message_count, .consumers = ok->consumer_count};
}

Result<QueueCounts> Link::look_at_queue(Channel channel, const std::string& queue) {
  const auto* ok = amqp_queue_declare(state_, channel, bytes_of(queue), 1, 0, 0, 0, amqp_empty_table);
  if (auto done = answered(channel, fmt::format("look at queue '{}'", queue)); !done) return done.error();
  return QueueCounts{.ready = ok->message_count, .consumers = ok->consumer_count};
}

Result<void> Link::look_at_exchange(Channel channel, const std::string& exchange) {
  amqp_exchange_declare(state_, channel, bytes_of(exchange), bytes_of("topic"), 1, 0, 0, 0, amqp_empty_table);
  return answered(channel, fmt::format("look at exchange '{}'", exchange));
}

Result<void> Link::bind_queue(Channel channel, const BindingSpec& binding) {
  Table table{binding.arguments};
  amqp_queue_bind(state_, channel, bytes_of(binding.to), bytes_of(binding.from), bytes_of(binding.key), table.get());
  return answered(channel, fmt::format("bind queue '{}' to '{}' by '{}'", binding.to, binding.from, binding.key));
}

Result<void> Link::bind_exchange(Channel channel, const BindingSpec& binding) {
  amqp_exchange_bind(state_, channel, bytes_of(binding.to), bytes_of(binding.from), bytes_of(binding.key),
                     amqp_empty_table);
  return answered(channel, fmt::format("bind exchange '{}' to '{}' by '{}'", binding.to, binding.from, binding.key));
}

Result<void> Link::delete_queue(Channel channel, const std::string& queue) {
  amqp_queue_delete(state_, channel, bytes_of(queue), 0, 0);
  return answered(channel, fmt::format("delete queue '{}'", queue));
}

Result<void> Link::delete_exchange(Channel channel, const std::string& exchange) {
  amqp_exchange_delete(state_, channel, bytes_of(exchange), 0);
  return answered(channel, fmt::format("delete exchange '{}'", exchange));
}

Result<void> Link::purge(Channel channel, const std::string& queue) {
  amqp_queue_purge(state_, channel, bytes_of(queue));
  return answered(channel, fmt::format("purge queue '{}'", queue));
}

Result<void> Link::confirm(Channel channel) {
  amqp_confirm_select(state_, channel);
  return answered(channel, "have messages confirmed");
}

Result<void> Link::consume(Channel channel, const std::string& queue, const ConsumeSpec& spec) {
  if (auto done = bound(channel, spec.prefetch); !done) return done;
  Table table{spec.arguments};
  amqp_basic_consume(state_, channel, bytes_of(queue), bytes_of(spec.tag), 0, 0, spec.exclusive ? 1 : 0, table.get());
  return answered(channel, fmt::format("consume queue '{}'", queue));
}

Result<void> Link::bound(Channel channel, std::uint16_t prefetch) {
  amqp_basic_qos(state_, channel, 0, prefetch, 0);
  return answered(channel, "bound what is taken in advance");
}

Result<void> Link::cancel(Channel channel, const std::string& tag) {
  amqp_basic_cancel(state_, channel, bytes_of(tag));
  return answered(channel, "stop consuming");
}

Result<void> Link::publish(Channel channel, std::string_view exchange, std::string_view key,
                           const amqp_basic_properties_t& properties, std::string_view body) {
  return check(
      amqp_basic_publish(state_, channel, bytes_of(exchange), bytes_of(key), 1, 0, &properties, bytes_of(body)),
      "publish");
}

Result<void> Link::ack(Channel channel, std::uint64_t tag, bool and_all_before) {
  return check(amqp_basic_ack(state_, channel, tag, and_all_before ? 1 : 0), "acknowledge");
}

bool Link::is_writable() const {
  pollfd socket{.fd = amqp_get_sockfd(state_), .events = POLLOUT, .revents = 0};
  return ::poll(&socket, 1, 0) > 0 && (socket.revents & POLLOUT) != 0;
}

Result<std::optional<amqp_frame_t>> Link::next(Time deadline, int bell) {
  amqp_frame_t frame{};
  while (true) {
    const timeval at_once{};
    const int status = amqp_simple_wait_frame_noblock(state_, &frame, &at_once);
    if (status == AMQP_STATUS_OK) return std::optional{frame};
    if (status != AMQP_STATUS_TIMEOUT) return check(status, "read").error();
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - executor_.now()).count();
    if (left <= 0) return std::optional<amqp_frame_t>{};
    std::array polled{pollfd{.fd = amqp_get_sockfd(state_), .events = POLLIN, .revents = 0},
                      pollfd{.fd = bell, .events = POLLIN, .revents = 0}};
    ::poll(polled.data(), polled.size(), static_cast<int>(std::min<std::int64_t>(left, 1'000)));
    if (polled[1].revents != 0) return std::optional<amqp_frame_t>{};
  }
}

void Link::release(Channel channel) {
  amqp_maybe_release_buffers_on_channel(state_, channel);
}

}  // namespace tidings::rabbitmq
