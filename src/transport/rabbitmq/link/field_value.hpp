// Values of AMQP tables.
//
// Threads: pure functions.
#pragma once

#include <amqp.h>

#include <algorithm>
#include <cstdint>
#include <optional>

#include "transport/driver/foreign_time.hpp"
#include "transport/rabbitmq/link/link.hpp"

namespace tidings::rabbitmq {

// None: it is no number.
inline std::optional<std::int64_t> number_of(const amqp_field_value_t& value) {
  switch (static_cast<amqp_field_value_kind_t>(value.kind)) {
    case AMQP_FIELD_KIND_I8:
      return value.value.i8;
    case AMQP_FIELD_KIND_U8:
      return value.value.u8;
    case AMQP_FIELD_KIND_I16:
      return value.value.i16;
    case AMQP_FIELD_KIND_U16:
      return value.value.u16;
    case AMQP_FIELD_KIND_I32:
      return value.value.i32;
    case AMQP_FIELD_KIND_U32:
      return value.value.u32;
    case AMQP_FIELD_KIND_I64:
      return value.value.i64;
    case AMQP_FIELD_KIND_U64:
      return static_cast<std::int64_t>(value.value.u64);
    default:
      return std::nullopt;
  }
}

// Of a timestamp.
inline Time amqp_time(std::uint64_t seconds_since_1970) {
  constexpr std::uint64_t most = kTimeSecondsMax;
  return transport::foreign_time(std::chrono::seconds{std::min(seconds_since_1970, most)});
}

inline bool is_text(const amqp_field_value_t& value) {
  return value.kind == AMQP_FIELD_KIND_UTF8 || value.kind == AMQP_FIELD_KIND_BYTES;
}

}  // namespace tidings::rabbitmq
