// Why a broker and we do not come together, in words that say what to change: from what librdkafka logs, which is all
// that it says of it.
//
// Pure: no thread, clock or socket.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tidings/result.hpp"
#include "transport/kafka/client/security_options.hpp"

namespace tidings::kafka {

struct ConnectionFault {
  ErrorKind kind = ErrorKind::unavailable;  // invalid: something must be changed, waiting does not help
  std::string text;                         // what happened, to what, what to change
  bool certain = true;                      // false: it may be something else, a broker that died, say
};

// What a logged line says; nothing: it is of something else. `version` is librdkafka's, as rd_kafka_version() has it.
std::optional<ConnectionFault> fault_of_log(std::string_view text, const Security& security, int version);

// A certificate of `broker`, as it calls itself, that OpenSSL refuses with that code (X509_V_ERR_*).
ConnectionFault fault_of_certificate(int code, std::string_view broker, const Security& security);

// What to change where librdkafka makes no client, by its words: ` (...)`, or nothing.
std::string_view remedy_of_settings(std::string_view words);

}  // namespace tidings::kafka
