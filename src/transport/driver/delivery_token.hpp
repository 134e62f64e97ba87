// What a delivery's token says: the number of its partition among all that a consumer ever owned, and its place there
// (an offset, a delivery tag).
#pragma once

#include <cstdint>

namespace tidings::transport {

inline constexpr unsigned kPlaceBits = 40;
inline constexpr std::uint64_t kPlaceMask = (std::uint64_t{1} << kPlaceBits) - 1;

constexpr std::uint64_t token_of(std::uint64_t slot, std::int64_t place) {
  return slot << kPlaceBits | (static_cast<std::uint64_t>(place) & kPlaceMask);
}
constexpr std::uint64_t slot_of(std::uint64_t token) {
  return token >> kPlaceBits;
}
constexpr std::int64_t place_of(std::uint64_t token) {
  return static_cast<std::int64_t>(token & kPlaceMask);
}

}  // namespace tidings::transport
