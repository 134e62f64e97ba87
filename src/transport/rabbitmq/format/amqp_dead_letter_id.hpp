// The name of a dead letter of ours.
//
// Wire:    docs/wire.md, "RabbitMQ".
// Threads: any.
#pragma once

#include <string>
#include <string_view>

#include "tidings/executor.hpp"

namespace tidings::rabbitmq {

// The header that holds it.
inline constexpr std::string_view kDeadLetterId = "tidings-dead";

// Of one that is buried now; sorts by that time.
std::string new_dead_letter_id(Executor& executor);

}  // namespace tidings::rabbitmq
