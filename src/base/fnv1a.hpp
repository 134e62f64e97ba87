// FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/
//
// The same for ever, on every machine: what is stored or sent may rest on it.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string_view>

namespace tidings {

constexpr std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

// With its halves one over the other: its lower bits alone are of use.
constexpr std::uint64_t folded_fnv1a(std::string_view text) {
  const std::uint64_t hash = fnv1a(text);
  return hash ^ hash >> 32;
}

}  // namespace tidings
