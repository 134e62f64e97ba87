// What a delivery's token says: the number of its partition among all that a consumer owned, and its offset there.
#pragma once

#include <cstdint>

namespace tidings::kafka {

inline constexpr unsigned kOffsetBits = 40;
inline constexpr std::uint64_t kOffsetMask = (std::uint64_t{1} << kOffsetBits) - 1;

constexpr std::uint64_t token_of(std::uint64_t slot, std::int64_t offset) {
  return slot << kOffsetBits | (static_cast<std::uint64_t>(offset) & kOffsetMask);
}
constexpr std::uint64_t slot_of(std::uint64_t token) {
  return token >> kOffsetBits;
}
constexpr std::int64_t offset_of(std::uint64_t token) {
  return static_cast<std::int64_t>(token & kOffsetMask);
}

}  // namespace tidings::kafka
