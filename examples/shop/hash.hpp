// Numbers that look random and are the same on every run: of a seed and a name.
#pragma once

#include <cstdint>
#include <string_view>

namespace shop {

// FNV-1a, with a finaliser that spreads its bits.
constexpr std::uint64_t hash(std::uint64_t seed, std::string_view name) {
  std::uint64_t value = 0xcbf29ce484222325 ^ seed;
  for (const char byte : name) value = (value ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

}  // namespace shop
