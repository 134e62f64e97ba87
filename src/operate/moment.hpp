// Points in time as operators write them, and ages as they read them.
//
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "tidings/names.hpp"
#include "tidings/result.hpp"

namespace tidings::operate {

// `2026-01-02T03:04:05Z` and its relatives (time_text.hpp), or relative to now: `-90s`, `-10m`, `-2h`, `-7d`, `now`.
// invalid: neither; the message shows both forms.
Result<Time> moment(std::string_view text, Time now);

// The two largest units that say something: `450ms`, `12s`, `3m 12s`, `2h 5m`, `4d 3h`. Below zero: `0s`.
std::string age_text(Duration age);

// `2026-01-02 03:04:05Z`: for people, to the second.
std::string moment_text(Time time);

}  // namespace tidings::operate
