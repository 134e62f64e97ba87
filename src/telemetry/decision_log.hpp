// Decisions as log lines: one for each failure, none for what went well (those are at debug level).
//
// Threads: the observer may be called by any, at once.
#pragma once

#include <string>

#include "tidings/decision.hpp"
#include "tidings/log.hpp"

namespace tidings::telemetry {

// What a decision says to a person, and how loudly. Retries warn, dead letters are errors, all that needs nobody is
// debug. A kind of skip that comes for the first time is info.
enum class Occurrence { first, repeated };
LogLevel level_of(const Decision& decision, Occurrence occurrence);
std::string message_of(const Decision& decision);

// Kinds of skips (subscription, type, reason) that are remembered as seen; beyond that all count as seen.
inline constexpr std::size_t kSkipKindsMax = 1'024;

Observer log_decisions(Log log);

}  // namespace tidings::telemetry
