// How many messages the members of a subscription have that they did not settle: a server counts those that wait only.
// Each member is asked, by its own queue, and answers to a queue of who asks.
//
// Wire:    docs/wire.md, "Members on RabbitMQ".
// Threads: any. Blocks: kAskWithin at most.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "transport/rabbitmq/format/message.hpp"
#include "transport/rabbitmq/publish/amqp_producer.hpp"
#include "transport/rabbitmq/topology/broker.hpp"

namespace tidings::rabbitmq {

struct Holding {
  std::uint64_t count = 0;
  std::optional<Time> oldest = {};  // time of the first
  std::uint64_t unkeyed = 0;        // that came since the members began, and said no slot of a key (key_slots.hpp)
};
using Holdings = std::map<std::string, Holding>;  // by queue

// An answer's body.
std::string text_of(const Holdings& holdings);
void add_holdings(Holdings& to, std::string_view text);  // lines of others are skipped

// Of all that answer; whose queue is gone has nothing.
Result<Holdings> ask_holdings(Broker& broker, const std::vector<std::string>& presences);

// A member's answer to such a question; none: it says not to whom. Not by the connection by which the member consumes:
// a server that takes no messages reads nothing more of one that sends some, its acknowledgements neither.
std::optional<Outgoing> answer_to(const Message& question, const Holdings& holdings);

}  // namespace tidings::rabbitmq
