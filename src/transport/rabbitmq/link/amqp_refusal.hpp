// What a server says when it refuses something, in words that say what to change.
//
// Threads: pure functions.
#pragma once

#include <amqp.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tidings/result.hpp"
#include "transport/rabbitmq/link/amqp_options.hpp"

namespace tidings::rabbitmq {

struct Refusal {
  std::uint16_t code = 0;           // of a reply: AMQP_ACCESS_REFUSED, ...
  amqp_method_number_t method = 0;  // that was refused: AMQP_QUEUE_DECLARE_METHOD, ...
  std::string_view words;           // the server's
};

// `doing`: what was to be done, as "declare queue 'x'".
Error error_of(const Refusal& refusal, std::string_view doing);

// That a refused message was sent to, by such an error or the server's words; empty: to a queue by its name.
std::string_view exchange_in(std::string_view text);

// Of a log-in.
Error login_error(const Refusal& refusal, const AmqpOptions& options, const Server& server);

// Of a 406: what is set otherwise there. None: it says something else.
struct Difference {
  std::string argument;  // `x-queue-type`, `durable`, `type`, ...
  std::string theirs;    // as the server says it; empty: it is not set
  std::string kind;      // of the value: `longstr`, `long`, ...; empty: a property's
  std::string ours;      // empty: we set nothing

  friend bool operator==(const Difference&, const Difference&) = default;
};
std::optional<Difference> difference_of(std::string_view words);
// "x-queue-type is 'classic', not 'quorum'"
std::string text_of(const Difference& difference);

}  // namespace tidings::rabbitmq
