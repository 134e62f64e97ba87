#include "transport/rabbitmq/format/amqp_dead_letter_id.hpp"

#include <fmt/format.h>

#include <chrono>

namespace tidings::rabbitmq {

std::string new_dead_letter_id(Executor& executor) {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(executor.now().time_since_epoch());
  return fmt::format("{:016x}-{:08x}", micros.count(), executor.random() & 0xffff'ffffu);
}

}  // namespace tidings::rabbitmq
