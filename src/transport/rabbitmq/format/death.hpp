// What RabbitMQ says of a message that a queue gave up (`x-death`):
// https://www.rabbitmq.com/docs/3.13/dlx#effects
//
// Threads: pure functions.
#pragma once

#include <amqp.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tidings/names.hpp"

namespace tidings::rabbitmq {

inline constexpr std::string_view kDeath = "x-death";
// As copies of ours carry it: in its own place RabbitMQ would see a cycle, and drop the copy.
inline constexpr std::string_view kOriginalDeath = "x-original-death";
// What it says besides of the first time; `x-death` has that, too.
inline constexpr std::string_view kFirstDeath = "x-first-death-";

struct Death {
  std::string queue;
  std::string reason;       // rejected, expired, maxlen, delivery_limit
  std::string routing_key;  // by which the queue had got it
  std::int64_t count = 0;   // how often there, for that reason
  std::optional<Time> at;   // the first time, in seconds

  friend bool operator==(const Death&, const Death&) = default;
};

// The latest one. None: the header is none of RabbitMQ's.
std::optional<Death> last_death(const amqp_field_value_t& header);

}  // namespace tidings::rabbitmq
