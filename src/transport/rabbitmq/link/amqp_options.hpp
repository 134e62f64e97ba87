// What an `amqp:` or `amqps:` URL says.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "tidings/names.hpp"
#include "tidings/result.hpp"
#include "tidings/transport/url.hpp"
#include "transport/rabbitmq/link/amqp_security.hpp"

namespace tidings::rabbitmq {

enum class QueueKind { quorum, classic };

// What becomes of exchanges, queues and bindings that are declared.
enum class Declaring {
  make,     // where they are missing
  use,      // they are an administrator's, and taken as they are
  examine,  // nothing is made: what is there is compared
};

enum class Order {
  none,    // members compete for each event
  key,     // an event that the server refuses may be overtaken by later ones of its key, and says so
  strict,  // nothing of a key is sent before what came before it is confirmed
};

struct Server {
  std::string host;
  int port = 5672;

  friend bool operator==(const Server&, const Server&) = default;
};

struct AmqpOptions {
  std::vector<Server> servers;
  AmqpSecurity security;
  std::string vhost = "/";
  std::string prefix;  // of all names of the deployment: several may share a virtual host
  QueueKind queue = QueueKind::quorum;
  std::int32_t queues = 1;  // of a subscription that is new, where its topic does not say
  std::int32_t prefetch = 64;
  Duration history = std::chrono::hours{24 * 7};  // how long topics keep events besides; zero: they do not
  // RabbitMQ takes a queue from whoever holds one event for half an hour (consumer_timeout).
  Duration strict_hold_max = std::chrono::seconds{60};
  Duration revoke_within = std::chrono::seconds{60};  // what is in flight of a queue that goes elsewhere
  Order order = Order::key;
  // Of queues that are made; zero: none. What expired is a foreign dead letter, if the queue is a quorum queue.
  Duration message_ttl{};
  Duration queue_expires{};       // after so long without a member
  std::int32_t commands_max = 0;  // commands that may wait in a queue: beyond, they are refused as `overloaded`
  Declaring declaring = Declaring::make;
  Duration heartbeat = std::chrono::seconds{10};

  // By which it is told from others on this machine.
  std::string deployment() const;
};

// `amqp[s]://[USER@]HOST[:PORT][,HOST...]/[VHOST][?option=value...]`. invalid: all that is wrong with it.
Result<AmqpOptions> options_from(const transport::Url& url);

// For messages and --help.
std::string describe_rabbitmq();

}  // namespace tidings::rabbitmq
