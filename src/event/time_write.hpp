// Time as text, into memory that is there: what time_text.hpp does, without a string.
#pragma once

#include <cstddef>

#include "tidings/time_text.hpp"

namespace tidings {

inline constexpr std::size_t kTimeTextMax = 40;

// Each writes at most kTimeTextMax characters and returns the end.
char* put_time(char* to, Instant time);
char* put_date(char* to, Instant time);
char* put_duration(char* to, Instant length);

}  // namespace tidings
