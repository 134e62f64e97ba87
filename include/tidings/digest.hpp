// SHA-256 (FIPS 180-4): the hash behind derived ids.
//
// Threads: pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#pragma GCC visibility push(default)

namespace tidings {

using Digest = std::array<std::uint8_t, 32>;

Digest sha256(std::string_view bytes);

// 64 digits, lower case.
std::string to_hex(const Digest& digest);

}  // namespace tidings

#pragma GCC visibility pop
