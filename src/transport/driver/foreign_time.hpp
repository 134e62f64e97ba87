// A point in time as others count it, who may count further than we do.
//
// Threads: pure functions.
#pragma once

#include <algorithm>
#include <chrono>

#include "tidings/time_text.hpp"

namespace tidings::transport {

// Beyond the years 0000 to 9999, which are all that text can say: the nearer end of them.
template <class Unit>
constexpr Time foreign_time(Unit since_1970) {
  constexpr std::chrono::seconds least{kTimeSecondsMin}, most{kTimeSecondsMax};
  return Time{Duration{std::clamp<Unit>(since_1970, least, most)}};
}

}  // namespace tidings::transport
