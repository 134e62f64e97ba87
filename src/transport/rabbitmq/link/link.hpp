// A connection to a RabbitMQ server: its channels, requests on them, and the frames that come.
//
// Owns:    a socket.
// Threads: one at a time; abandon() by any.
// Blocks:  open() and requests, until they are answered or their time is over; send() while the server takes nothing.
// Errors:  unavailable: the connection is gone (is_dead), nothing else can be done with it. Others: the server refused
//          the request, and closed its channel; open_channel() opens it again.
#pragma once

#include <amqp.h>
#include <amqp_framing.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tidings/executor.hpp"
#include "tidings/result.hpp"
#include "transport/rabbitmq/link/amqp_frames.hpp"
#include "transport/rabbitmq/link/amqp_options.hpp"
#include "transport/rabbitmq/link/amqp_refusal.hpp"
#include "transport/rabbitmq/link/amqp_table.hpp"
#include "transport/rabbitmq/link/amqp_tls.hpp"

namespace tidings::rabbitmq {

using Channel = amqp_channel_t;

struct ExchangeSpec {
  std::string name;
  std::string type = "topic";  // or direct, fanout, headers
  Arguments arguments = {};
  bool durable = true;
  bool auto_delete = false;
};
struct QueueSpec {
  std::string name;
  Arguments arguments = {};
  bool exclusive = false;  // of this connection, and gone with it
  bool transient = false;  // gone with who consumes it last, and with the server
  bool durable = true;     // but for these two
  bool auto_delete = false;
};
struct ConsumeSpec {
  std::string tag = {};        // shown to operators
  std::uint16_t prefetch = 0;  // 0: no bound
  bool exclusive = false;      // conflict, where another one consumes it
  Arguments arguments = {};
};
struct QueueCounts {
  std::uint32_t ready = 0;
  std::uint32_t consumers = 0;
};
struct BindingSpec {
  std::string from;
  std::string to;
  std::string key = {};
  Arguments arguments = {};
};

// Of a queue or an exchange that is there, what is set otherwise than it was to be.
struct Mismatch {
  std::string what;                     // `queue 'x'`
  std::string name;                     // `x`
  std::vector<Difference> differences;  // none: it is not there
  bool all = true;                      // false: there may be more, which the server does not tell

  bool is_missing() const { return differences.empty(); }
};
// `queue 'x' is set otherwise: x-queue-type is ...`
std::string text_of(const Mismatch& mismatch);

class Link final {
 public:
  // The first server that takes us, from a random one on. `purpose` is shown to its operators. invalid: no server lets
  // us in, and waiting does not help: wrong password, a certificate that has expired, no such virtual host.
  // unavailable: none was reached.
  static Result<std::unique_ptr<Link>> open(const AmqpOptions& options, const std::string& purpose, Executor& executor,
                                            Time deadline);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  bool is_dead() const { return dead_; }
  // From any thread: whoever is in a call comes back from it.
  void abandon();

  // How long requests wait for their answers from now on: kRequestWithin, where nothing else was said.
  void answer_within(Duration duration);

  // ---- Requests
  // As the options' `declaring` says, declarations and bindings make what is missing, or take what is there, or look
  // whether it is set so: of mismatches(). conflict: it is there, and is set otherwise. Exclusive queues are always
  // made.
  Result<void> open_channel(Channel channel);
  void close_channel(Channel channel);
  Result<void> declare(Channel channel, const ExchangeSpec& exchange);
  Result<QueueCounts> declare(Channel channel, const QueueSpec& queue);
  // As it is there. invalid: it is not.
  Result<QueueCounts> look_at_queue(Channel channel, const std::string& queue);
  Result<void> look_at_exchange(Channel channel, const std::string& exchange);
  Result<void> bind_queue(Channel channel, const BindingSpec& binding);
  Result<void> bind_exchange(Channel channel, const BindingSpec& binding);
  // There or not.
  Result<void> unbind_queue(Channel channel, const BindingSpec& binding);
  Result<void> unbind_exchange(Channel channel, const BindingSpec& binding);
  Result<void> delete_queue(Channel channel, const std::string& queue);
  Result<void> delete_exchange(Channel channel, const std::string& exchange);
  Result<void> purge(Channel channel, const std::string& queue);
  Result<void> confirm(Channel channel);  // from now on messages of that channel are confirmed
  Result<void> consume(Channel channel, const std::string& queue, const ConsumeSpec& spec);
  // How much of that channel's may be on its way.
  Result<void> bound(Channel channel, std::uint16_t prefetch);

  // Of all declarations while `declaring` was to examine.
  const std::vector<Mismatch>& mismatches() const { return mismatches_; }

  // ---- Without an answer
  Result<void> publish(Channel channel, std::string_view exchange, std::string_view key,
                       const amqp_basic_properties_t& properties, std::string_view body);
  // Likewise, but it may stay here until flush(): many go in one write. What is refused closes the connection.
  Result<void> gather(Channel channel, std::string_view exchange, std::string_view key,
                      const amqp_basic_properties_t& properties, std::string_view body);
  Result<void> flush();
  Result<void> ack(Channel channel, std::uint64_t tag, bool and_all_before);

  // ---- Frames
  // Whether a write would be taken at once.
  bool is_writable() const;
  // Waits for a frame, for a byte in `bell` (a file; -1: none), or the deadline; nothing came: none. What is in a frame
  // lives until release().
  Result<std::optional<amqp_frame_t>> next(Time deadline, int bell = -1);
  void release(Channel channel);
  // Of a channel that the server closed: why; and takes note of it.
  Error closed(const amqp_frame_t& frame, std::string_view doing);

 private:
  Link(Executor& executor, amqp_connection_state_t state, Declaring declaring)
      : executor_{executor}, declaring_{declaring}, state_{state} {}

  Result<void> connect(const AmqpOptions& options, const Server& server, const std::string& purpose, Time deadline);
  Result<void> log_in(const AmqpOptions& options, const Server& server, const std::string& purpose);
  Result<void> logged_in(const amqp_rpc_reply_t& reply, const AmqpOptions& options, const Server& server);
  template <class Spec>
  Result<QueueCounts> declare_as_told(Channel channel, const Spec& spec);
  template <class Spec>
  Result<Mismatch> compare(Channel channel, Spec spec, Error error);
  template <class Spec>
  Result<void> examine(Channel channel, const Spec& spec);
  Result<QueueCounts> declare_now(Channel channel, const ExchangeSpec& exchange);  // counts nothing
  Result<QueueCounts> declare_now(Channel channel, const QueueSpec& queue);
  Result<QueueCounts> look(Channel channel, const ExchangeSpec& exchange);
  Result<QueueCounts> look(Channel channel, const QueueSpec& queue);
  Result<void> check(const amqp_rpc_reply_t& reply, Channel channel, std::string_view doing);
  Result<void> check(int status, std::string_view doing);
  Result<void> answered(Channel channel, std::string_view doing);

  Executor& executor_;
  const Declaring declaring_;
  CertificateVerdict verdict_;
  amqp_connection_state_t state_;
  bool dead_ = false;
  bool is_plain_ = false;  // whole frames may be written beside the library
  AmqpFrames gathered_;
  std::set<Channel> open_;  // channels
  std::vector<Mismatch> mismatches_;
};

}  // namespace tidings::rabbitmq
