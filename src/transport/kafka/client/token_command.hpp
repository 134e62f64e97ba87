// Runs the command of `token_command`.
#pragma once

#include <string>

#include "tidings/executor.hpp"
#include "tidings/result.hpp"
#include "transport/kafka/client/kafka_limits.hpp"

namespace tidings::kafka {

// What it writes to standard output, kSecretBytesMax at most; its errors go where ours go. It is ended, with all that
// it started in its process group, when its time is over. unavailable: it failed, or did not end in time;
// the message does not repeat the command, which may hold a secret.
Result<std::string> run_token_command(const std::string& command, Executor& executor,
                                      Duration within = kTokenCommandWithin);

}  // namespace tidings::kafka
