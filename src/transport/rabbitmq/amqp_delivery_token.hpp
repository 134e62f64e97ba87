// What a delivery's token says: the number of its partition among all that a consumer owned, and its tag there.
#pragma once

#include <cstdint>

namespace tidings::rabbitmq {

inline constexpr unsigned kOffsetBits = 40;
inline constexpr std::uint64_t kOffsetMask = (std::uint64_t{1} << kOffsetBits) - 1;

constexpr std::uint64_t token_of(std::uint64_t slot, std::uint64_t tag) {
  return slot << kOffsetBits | (static_cast<std::uint64_t>(tag) & kOffsetMask);
}
constexpr std::uint64_t slot_of(std::uint64_t token) {
  return token >> kOffsetBits;
}
constexpr std::uint64_t tag_of(std::uint64_t token) {
  return static_cast<std::uint64_t>(token & kOffsetMask);
}

}  // namespace tidings::rabbitmq
