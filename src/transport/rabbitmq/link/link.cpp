#include "transport/rabbitmq/link/link.hpp"

#include <amqp_tcp_socket.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "transport/rabbitmq/link/amqp_refusal.hpp"
#include "transport/rabbitmq/link/amqp_table.hpp"
#include "transport/rabbitmq/link/amqp_tls.hpp"
#include "transport/rabbitmq/link/rabbitmq_limits.hpp"

namespace tidings::rabbitmq {

namespace {

constexpr Duration kShortestAnswer = std::chrono::milliseconds{1};  // none would be without end

// What stands in an EXTERNAL log-in besides the certificate: RabbitMQ does not look at it, rabbitmq-c wants some.
constexpr const char* kIdentity = "certificate";

timeval timeval_of(Duration duration) {
  const auto micros =
      std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
  return {.tv_sec = micros / 1'000'000, .tv_usec = micros % 1'000'000};
}

amqp_table_entry_t capability(const char* name) {
  return {.key = amqp_cstring_bytes(name), .value = value_of(true)};
}

std::string words_of(int status) {
  return amqp_error_string2(status);
}

amqp_method_number_t method_of(std::uint16_t class_id, std::uint16_t method_id) {
  return amqp_method_number_t{class_id} << 16 | method_id;
}

Error unsupported_sasl(const AmqpOptions& options, const Server& server) {
  const bool external = options.security.sasl == Sasl::external;
  return invalid(fmt::format("RabbitMQ at {}:{} does not take `sasl={}`: {}", server.host, server.port,
                             external ? "external" : "plain",
                             external ? "it needs the plugin rabbitmq_auth_mechanism_ssl, EXTERNAL among its "
                                        "`auth_mechanisms`, and a port that asks for certificates"
                                      : "PLAIN is not among its `auth_mechanisms`"));
}

// Who speaks TLS to a port that does not hears nothing it understands, and the other way round.
Error not_answered(int status, const AmqpOptions& options, const Server& server) {
  return unavailable(fmt::format("could not log in to RabbitMQ at {}:{}, virtual host '{}': {}; {}", server.host,
                                 server.port, options.vhost, words_of(status),
                                 options.security.tls
                                     ? "if it wants a certificate of ours, set `tls_cert` and `tls_key`"
                                     : "if that port speaks TLS, write `amqps:`"));
}

}  // namespace

Result<std::unique_ptr<Link>> Link::open(const AmqpOptions& options, const std::string& purpose, Executor& executor,
                                         Time deadline) {
  const std::size_t first = executor.random() % options.servers.size();
  Error last = unavailable("no server was tried");
  for (std::size_t i = 0; i < options.servers.size(); ++i) {
    const Server& server = options.servers[(first + i) % options.servers.size()];
    std::unique_ptr<Link> link{new Link{executor, amqp_new_connection(), options.declaring}};
    auto connected = link->connect(options, server, purpose, std::min(deadline, executor.now() + kConnectWithin));
    if (connected) return link;
    last = connected.error();
    if (last.kind != ErrorKind::unavailable) break;
  }
  return last;
}

Link::~Link() {
  if (!dead_) {
    answer_within(kPartWithin);
    amqp_connection_close(state_, AMQP_REPLY_SUCCESS);
  }
  amqp_destroy_connection(state_);
}

void Link::abandon() {
  ::shutdown(amqp_get_sockfd(state_), SHUT_RDWR);
}

void Link::answer_within(Duration duration) {
  const timeval within = timeval_of(std::max(duration, kShortestAnswer));
  amqp_set_rpc_timeout(state_, &within);
}

Result<void> Link::connect(const AmqpOptions& options, const Server& server, const std::string& purpose,
                           Time deadline) {
  const std::string doing = fmt::format("connect to RabbitMQ at {}:{}", server.host, server.port);
  dead_ = true;  // until it lives
  Result<amqp_socket_t*> socket =
      options.security.tls ? make_tls_socket(state_, options.security, server, verdict_) : amqp_tcp_socket_new(state_);
  if (!socket) return socket.error();
  if (*socket == nullptr) return unavailable("could not " + doing + ": no memory");
  is_plain_ = !options.security.tls;
  const timeval within = timeval_of(deadline - executor_.now());
  if (const int status = amqp_socket_open_noblock(*socket, server.host.c_str(), server.port, &within);
      status != AMQP_STATUS_OK) {
    if (auto fault = tls_fault(options.security, server, verdict_)) return *std::move(fault);
    return unavailable(fmt::format("could not {}: {}; is the server running there?", doing, words_of(status)));
  }
  const timeval handshake = timeval_of(deadline - executor_.now());
  amqp_set_handshake_timeout(state_, &handshake);
  answer_within(kRequestWithin);
  return log_in(options, server, purpose);
}

Result<void> Link::log_in(const AmqpOptions& options, const Server& server, const std::string& purpose) {
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
  const auto heartbeat = static_cast<int>(std::chrono::duration_cast<std::chrono::seconds>(options.heartbeat).count());
  amqp_rpc_reply_t reply{};
  if (options.security.sasl == Sasl::external) {
    reply = amqp_login_with_properties(state_, options.vhost.c_str(), AMQP_DEFAULT_MAX_CHANNELS, kFrameBytesMax,
                                       heartbeat, &properties, AMQP_SASL_METHOD_EXTERNAL, kIdentity);
  } else {
    const auto password = password_of(options.security);
    if (!password) return password.error();
    reply = amqp_login_with_properties(state_, options.vhost.c_str(), AMQP_DEFAULT_MAX_CHANNELS, kFrameBytesMax,
                                       heartbeat, &properties, AMQP_SASL_METHOD_PLAIN, options.security.user.c_str(),
                                       password->c_str());
  }
  auto done = logged_in(reply, options, server);
  dead_ = !done;
  return done;
}

Result<void> Link::logged_in(const amqp_rpc_reply_t& reply, const AmqpOptions& options, const Server& server) {
  if (reply.reply_type == AMQP_RESPONSE_NORMAL) return {};
  if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION && reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD) {
    const auto& close = *static_cast<const amqp_connection_close_t*>(reply.reply.decoded);
    return login_error({.code = close.reply_code,
                        .method = method_of(close.class_id, close.method_id),
                        .words = view_of(close.reply_text)},
                       options, server);
  }
  // A server tells only now, after its side of the handshake, what it thinks of our certificate.
  if (auto fault = tls_fault(options.security, server, verdict_)) return *std::move(fault);
  if (reply.library_error == AMQP_STATUS_BROKER_UNSUPPORTED_SASL_METHOD) {
    return unsupported_sasl(options, server);
  }
  return not_answered(reply.library_error, options, server);
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
    Error error = error_of({.code = close.reply_code,
                            .method = method_of(close.class_id, close.method_id),
                            .words = view_of(close.reply_text)},
                           doing);
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
  return error_of({.code = close.reply_code,
                   .method = method_of(close.class_id, close.method_id),
                   .words = view_of(close.reply_text)},
                  doing);
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

Result<void> Link::publish(Channel channel, std::string_view exchange, std::string_view key,
                           const amqp_basic_properties_t& properties, std::string_view body) {
  return check(
      amqp_basic_publish(state_, channel, bytes_of(exchange), bytes_of(key), 1, 0, &properties, bytes_of(body)),
      "publish");
}

// The library writes each frame by itself: three system calls for a message.
Result<void> Link::gather(Channel channel, std::string_view exchange, std::string_view key,
                          const amqp_basic_properties_t& properties, std::string_view body) {
  if (!is_plain_) return publish(channel, exchange, key, properties, body);
  const amqp_basic_publish_t method{.exchange = bytes_of(exchange), .routing_key = bytes_of(key), .mandatory = 1};
  const auto frame_max = static_cast<std::size_t>(amqp_get_frame_max(state_));
  const int status = gathered_.add(channel, method, properties, body, frame_max);
  if (status == AMQP_STATUS_OK) return {};
  return invalid(
      fmt::format("the event cannot be sent to exchange '{}': its headers, or its routing key, are too long "
                  "for a frame of {} bytes ({})",
                  exchange, frame_max, words_of(status)));
}

// Nothing else may be written in the midst of a frame: it is waited for, not for ever.
Result<void> Link::flush() {
  Time deadline = executor_.now() + kWriteWithin;
  std::string_view left = gathered_.bytes();
  while (!left.empty()) {
    const ssize_t sent = ::send(amqp_get_sockfd(state_), left.data(), left.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      left.remove_prefix(static_cast<std::size_t>(sent));
      deadline = executor_.now() + kWriteWithin;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      const auto wait = std::chrono::ceil<std::chrono::milliseconds>(deadline - executor_.now()).count();
      pollfd socket{.fd = amqp_get_sockfd(state_), .events = POLLOUT, .revents = 0};
      if (wait <= 0) return check(AMQP_STATUS_TIMEOUT, "publish");
      ::poll(&socket, 1, static_cast<int>(wait));
    } else if (errno != EINTR) {
      return check(AMQP_STATUS_SOCKET_ERROR, "publish");
    }
  }
  gathered_.clear();
  return {};
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
