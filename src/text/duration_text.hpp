// Durations as people write them in flags and files: `500ms`, `20s`, `1.5m`, `2h`, `7d`.
//
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "tidings/names.hpp"
#include "tidings/result.hpp"

namespace tidings::text {

// A number and a unit: us, ms, s, m, h or d. Not negative, at most 10,000 days.
Result<Duration> duration_of(std::string_view text);

// The shortest exact form: `90s`, `1500ms`.
std::string duration_text(Duration duration);

}  // namespace tidings::text
